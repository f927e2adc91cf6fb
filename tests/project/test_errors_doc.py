"""Every error code stands in docs/errors.md, has sentences in both languages, and fills the same places in both."""

from __future__ import annotations

import ast
import re
from string import Formatter

from canbao.kernel.errors import ALL_CODES
from tools.errors_page import PAGE, ROOT, declaring_modules, page


def declared_codes() -> set[str]:
    """Every code that the text of the product declares, wherever in a file it does."""
    found: set[str] = set()
    for file in ROOT.glob("canbao/**/*.py"):
        if "tests" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "declare":
                (first,) = [argument for argument in node.args[:1] if isinstance(argument, ast.Constant)]
                found.add(str(first.value))
    return found


def places(sentence: str) -> set[str]:
    """The names that a sentence has filled in."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_the_page_is_the_one_that_the_code_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.errors_page"


def test_the_page_has_every_code_once() -> None:
    written = re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \|", page(), re.MULTILINE)
    assert sorted(written) == sorted(declared_codes())
    assert len(written) >= 100


def test_both_languages_say_the_same_things() -> None:
    page()
    own = declared_codes()
    differing = {
        code for code, declared in ALL_CODES.items()
        if code in own and places(declared.sentence_zh) != places(declared.sentence_en)
    }  # fmt: skip
    assert differing == set()


def test_sentences_are_in_their_language() -> None:
    page()
    for code in declared_codes():
        declared = ALL_CODES[code]
        assert re.search(r"[\u4e00-\u9fff]", declared.sentence_zh), code
        # An English sentence may quote what is to be written in Chinese.
        assert re.match(r"[A-Z{“]", declared.sentence_en), code
        assert not {"id_no", "phone", "mobile"} & places(declared.sentence_zh), code


def test_declaring_modules_are_found() -> None:
    assert {"canbao.kernel.money", "canbao.billing.errors", "canbao.payments.errors"} <= set(declaring_modules())
