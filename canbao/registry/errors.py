"""What the register refuses and what it warns of, with the words for it.

Three kinds stand here: refusals of a number or name that someone typed, refusals of a whole file (nothing was
written), and what is said of one row of a file. No sentence repeats an ID number or a name: the line and the column
tell a clerk where to look.
"""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

# What someone typed.
NO_PAYABLE_MATCH = declare(
    "registry.no_payable_match",
    Retry.LATER,
    "没有查到可以缴的费。请核对身份证号和姓名；都对请明天再查，或打 12393。",
    "Nothing to pay was found. Check ID number and name; if right, try tomorrow or call 12393.",
)
ID_NUMBER_MISSING = declare("registry.id_number_missing", Retry.NEVER, "请输入身份证号", "Enter the ID number")
ID_NUMBER_LENGTH = declare(
    "registry.id_number_length",
    Retry.NEVER,
    "身份证号应为 18 位，您输了 {n} 位",
    "The ID number has 18 characters; you entered {n}",
)
ID_NUMBER_CHECKSUM = declare(
    "registry.id_number_checksum",
    Retry.NEVER,
    "身份证号有一位不对，请逐位核对",
    "One character of the ID number is wrong; check each one",
)
ID_NUMBER_DATE = declare(
    "registry.id_number_date",
    Retry.NEVER,
    "身份证号中间的出生日期不对（第 7 位起），请逐位核对",
    "The date of birth inside the ID number (from the 7th character) is not a real past date; check each character",
)
ID_NUMBER_AREA = declare(
    "registry.id_number_area",
    Retry.NEVER,
    "身份证号开头的省份代码不对，请核对前 6 位",
    "The ID number begins with no known province; check the first six characters",
)
ID_NUMBER_FORM = declare(
    "registry.id_number_form",
    Retry.NEVER,
    "证件号码的写法和“{document}”对不上，请核对证件类型和号码",
    "The number does not have the form of this document ({document}); check both the type and the number",
)
DOCUMENT_TYPE_UNKNOWN = declare(
    "registry.document_type_unknown",
    Retry.NEVER,
    "不认识这种证件类型。请写证件名称（例如 居民身份证）或代码（例如 01）",
    "This type of document is not known; write its name (such as 居民身份证) or its code (such as 01)",
)
NAME_MISSING = declare(
    "registry.name_missing", Retry.NEVER, "请输入姓名，和身份证上一样", "Enter the name as on the ID card"
)
NAME_TOO_LONG = declare(
    "registry.name_too_long",
    Retry.NEVER,
    "姓名有 {n} 个字，最多 {most} 个，请核对",
    "The name has {n} characters, at most {most} are taken; check it",
)
NAME_UNREADABLE = declare(
    "registry.name_unreadable",
    Retry.NEVER,
    "姓名里有读不出的字符（第 {n} 个），文件的编码可能不对。请按证件重新输入姓名",
    "The name holds an unreadable character (the {n}th), perhaps from a wrong encoding; enter it again",
)
NOT_REGISTERED = declare(
    "registry.not_registered",
    Retry.ASK,
    "{name}还没有参保登记，要先登记再缴费",
    "{name} is not registered; register first, then pay",
)
PERSON_UNKNOWN = declare(
    "registry.person_unknown",
    Retry.NEVER,
    "统筹区 {region_code} 的登记簿里没有这个人",
    "The register of region {region_code} has no such person",
)

# A whole file: nothing of it was written.
FILE_MISSING = declare(
    "registry.file_missing", Retry.NEVER, "没有找到文件 {file}，请核对路径", "There is no file {file}; check the path"
)
FILE_KIND_UNKNOWN = declare(
    "registry.file_kind_unknown",
    Retry.NEVER,
    "不能读 {file}：只收 .csv 和 .xlsx。请在表格软件里另存为其中一种",
    "{file} cannot be read: only .csv and .xlsx are taken; save it as one of them",
)
FILE_ENCODING_UNKNOWN = declare(
    "registry.file_encoding_unknown",
    Retry.NEVER,
    "{file} 的编码既不是 UTF-8 也不是 GB18030，请另存为“CSV UTF-8”后再导入",
    "{file} is neither UTF-8 nor GB18030; save it as “CSV UTF-8” and import it again",
)
FILE_EMPTY = declare(
    "registry.file_empty",
    Retry.NEVER,
    "{file} 是空的：第一行应为列名",
    "{file} is empty: its first line should name the columns",
)
COLUMN_MISSING = declare(
    "registry.column_missing",
    Retry.NEVER,
    "{file} 缺少必填的列：{columns}。请在第一行补上列名再导入",
    "{file} lacks columns that must be there: {columns}; add them to the first line and import again",
)
COLUMN_TWICE = declare(
    "registry.column_twice",
    Retry.NEVER,
    "{file} 里“{column}”这一列出现了两次，请只留一列",
    "{file} has the column “{column}” twice; keep one",
)
LINE_TOO_LONG = declare(
    "registry.line_too_long",
    Retry.NEVER,
    "{file} 第 {line} 行太长（超过 {most} 字节），可能缺了引号或换行。请改好后再导入，已收的行不会重复",
    "Line {line} of {file} is too long (over {most} bytes), perhaps for want of a quote or a line end; mend it and "
    "import again, rows already taken are not doubled",
)
WORKBOOK_DAMAGED = declare(
    "registry.workbook_damaged",
    Retry.NEVER,
    "{file} 不是完好的 .xlsx（{reason}）。请用表格软件打开后另存一份再导入",
    "{file} is not a sound .xlsx ({reason}); open it in a spreadsheet program, save a copy and import that",
)
WORKBOOK_TOO_LARGE = declare(
    "registry.workbook_too_large",
    Retry.NEVER,
    "{file} 解压后太大（超过 {most} MB），像是压缩炸弹，没有读。请分成几个文件，或另存为 CSV",
    "{file} unpacks to more than {most} MB and was not read; split it or save it as CSV",
)

# One row of a file. A clerk reads these in the report beside line and column.
ROW_CELL_MISSING = declare(
    "registry.row_cell_missing", Retry.NEVER, "必填，但是空的。请补上", "Must be filled in, and is empty; fill it in"
)
ROW_CELL_UNREADABLE = declare(
    "registry.row_cell_unreadable",
    Retry.NEVER,
    "有读不出的字符。请按原件重新输入",
    "Holds an unreadable character; enter it again from the original",
)
ROW_CELL_TOO_LONG = declare(
    "registry.row_cell_too_long",
    Retry.NEVER,
    "有 {n} 个字符，最多 {most} 个。请核对",
    "Has {n} characters, at most {most} are taken; check it",
)
ROW_DATE_MALFORMED = declare(
    "registry.row_date_malformed",
    Retry.NEVER,
    "不是日期。请写成 2024-09-01 或 20240901",
    "Is not a date; write it as 2024-09-01 or 20240901",
)
ROW_DATE_IMPLAUSIBLE = declare(
    "registry.row_date_implausible",
    Retry.NEVER,
    "日期不可能：应在 1900 年以后、不晚于 {latest}。请核对",
    "Is not a possible date: it lies between 1900 and {latest}; check it",
)
ROW_DATES_REVERSED = declare(
    "registry.row_dates_reversed",
    Retry.NEVER,
    "终止早于开始。请核对两个日期",
    "Ends before it begins; check both dates",
)
ROW_CODE_UNKNOWN = declare(
    "registry.row_code_unknown",
    Retry.NEVER,
    "代码不在代码表里（{list}）。请核对",
    "The code is not in the list ({list}); check it",
)
ROW_YEAR_MALFORMED = declare(
    "registry.row_year_malformed",
    Retry.NEVER,
    "不是参保年度。请写四位年份，例如 2024",
    "Is not a cover year; write four digits, such as 2024",
)
ROW_IDENTITY_MALFORMED = declare(
    "registry.row_identity_malformed",
    Retry.NEVER,
    "写法不对。每一项写“代码:起始日:终止日”，用分号隔开，终止日可以不写，例如 minimum_living:2024-01-01:",
    "Is not written right: each entry is code:from:until, entries parted by semicolons, the end may be left out, "
    "such as minimum_living:2024-01-01:",
)
ROW_BIRTH_DATE_NEEDED = declare(
    "registry.row_birth_date_needed",
    Retry.NEVER,
    "这种证件号码里没有出生日期，请填“出生日期”",
    "This document's number holds no date of birth; fill in the birth date",
)
ROW_NUMBER_ROUNDED = declare(
    "registry.row_number_rounded",
    Retry.NEVER,
    "证件号码被表格当成了数字，末几位已经丢失。请把这一列设为“文本”，再从原件输入",
    "The spreadsheet took this for a quantity and lost its last digits; format the column as text and enter it again",
)
ROW_REPEATS_OTHERWISE = declare(
    "registry.row_repeats_otherwise",
    Retry.NEVER,
    "和第 {line} 行是同一个证件号码，内容却不同。收了第 {line} 行；请核对后只留一行",
    "Has the same document number as line {line} and says otherwise; line {line} was taken, keep only the right one",
)
ROW_OTHER_PERSON = declare(
    "registry.row_other_person",
    Retry.NEVER,
    "登记簿里同一证件号码是另一个人（姓名和出生日期都不同），没有改动。请核对号码",
    "The register knows another person by this number (both name and birth date differ); nothing was changed, check it",
)
ROW_TOO_MANY_CELLS = declare(
    "registry.row_too_many_cells",
    Retry.NEVER,
    "这一行有 {n} 格，列名只有 {most} 个，可能多了分隔符。请核对",
    "This line has {n} cells for {most} columns, perhaps a separator too many; check it",
)

IMPORT_RACED = declare(
    "registry.import_raced",
    Retry.LATER,
    "另一个导入正在写同一批人，请稍后再导入一次，已收的行不会重复",
    "Another import is writing the same persons; import again in a moment, rows already taken are not doubled",
)

# Warnings: the row is taken.
WARN_COLUMN_UNKNOWN = declare(
    "registry.warn_column_unknown",
    Retry.NEVER,
    "不认识这一列，没有读。列名是否写错？",
    "This column is not known and was not read; is its name misspelt?",
)
WARN_COUNTY_UNKNOWN = declare(
    "registry.warn_county_unknown",
    Retry.NEVER,
    "号码前 6 位不在县区代码表里，已照收。请核对",
    "The first six digits are in no list of counties; the row was taken, check it",
)
WARN_BIRTH_DATE_DIFFERS = declare(
    "registry.warn_birth_date_differs",
    Retry.NEVER,
    "和证件号码里的日期不同，已按这一列登记。请核对",
    "Differs from the date inside the number; this column was taken, check it",
)
WARN_NAME_PRIVATE_USE = declare(
    "registry.warn_name_private_use",
    Retry.NEVER,
    "姓名里有自造字编码（第 {n} 个字），已原样保存，打印凭证时可能缺字。请改用国标编码",
    "The name holds a private-use character (the {n}th); it was kept as it is but may not print, use its standard code",
)
WARN_NAME_QUESTION_MARK = declare(
    "registry.warn_name_question_mark",
    Retry.NEVER,
    "姓名里有问号，可能是生僻字在转换时丢了。已照收，请核对",
    "The name holds a question mark, perhaps a rare character lost on the way; the row was taken, check it",
)
WARN_ELSEWHERE = declare(
    "registry.warn_elsewhere",
    Retry.NEVER,
    "这个人在别的统筹区也有参保登记（{regions}），已照收并标记。请和对方经办机构核实",
    "This person is also registered in {regions}; the row was taken and flagged, settle it with that region's office",
)
