"""What every page must look like, measured in the browser: the acceptance of pages as questions to the page itself.

Each question answers a list of findings, a sentence each, so that a failing test says what is wrong and where. Nothing
is put into the page but axe, through the debugger, which the content security policy does not bind.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page

AXE = Path(__file__).resolve().parents[2] / "build" / "static" / "vendor" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TARGET, ELDER_TARGET = 44, 60

COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""The rules that see colours: all that another theme can change."""

_HAS_STYLE = "() => [...document.styleSheets].some((one) => one.href && one.href.includes('weui'))"

_AXE_RUN = """async ([type, values]) => {
  const found = await axe.run(document, {
    runOnly: { type, values }, resultTypes: ["violations"], preload: false, iframes: false });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""

# A skip link stands outside the page until it has the focus; a tick box is pressed by its whole label.
_TARGETS = """(least) => [...document.querySelectorAll("a,button,input:not([type=hidden]),summary,select,textarea")]
  .filter((one) => !one.classList.contains("cb-skip") && one.checkVisibility())
  .map((one) => [one, (one.matches("[type=radio],[type=checkbox]") && one.closest("label") || one)
    .getBoundingClientRect()])
  .filter(([one, box]) => box.width < least - 0.5 || box.height < least - 0.5)
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`)"""

_SIDEWAYS = """() => {
  const wide = document.documentElement.scrollWidth, screen = document.documentElement.clientWidth;
  if (wide <= screen) return [];
  const guilty = [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.right > screen + 1 && box.width > 1 && !one.closest(".weui-hidden_abs,.cb-skip");
  });
  return [`${wide} px on a screen of ${screen} px`, ...guilty.slice(-3).map((one) => one.outerHTML.slice(0, 160))];
}"""

_CUT = """() => [...document.querySelectorAll("body *")]
  .filter((one) => !one.matches(".weui-hidden_abs,.cb-skip,svg,svg *,input") && one.checkVisibility())
  .filter((one) => {
    const style = getComputedStyle(one);
    return ["fixed", "sticky"].includes(style.position)
      || (style.overflow !== "visible" && (one.scrollWidth > one.clientWidth + 1
        || one.scrollHeight > one.clientHeight + 1));
  }).map((one) => `cut or stuck: ${one.outerHTML.slice(0, 160)}`)"""

# A date, an amount or a masked name stands on one line wherever a line is long enough for it.
_TORN = """() => {
  const room = (one) => {
    while (getComputedStyle(one).display.startsWith("inline")) one = one.parentElement;
    const style = getComputedStyle(one);
    return one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  };
  const pattern = new RegExp(["\\\\d{4}年\\\\d{1,2}月\\\\d{1,2}日", "\\\\d{1,2} [A-Z][a-z]+ 20\\\\d\\\\d",
    "−?[￥¥][\\\\d,]+\\\\.\\\\d\\\\d", "[*]+[\\u4e00-\\u9fff](?:·[*]+[\\u4e00-\\u9fff])?"].join("|"), "g");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.checkVisibility() || node.parentElement.closest("style,script,.weui-hidden_abs")) continue;
    for (const match of node.data.matchAll(pattern)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const boxes = [...range.getClientRects()], tops = new Set(boxes.map((box) => Math.round(box.top)));
      // The blank at which a line ended has no width of its own.
      const blanks = 0.4 * parseFloat(getComputedStyle(node.parentElement).fontSize) * (tops.size - 1);
      const needed = blanks + boxes.reduce((sum, box) => sum + box.width, 0);
      if (tops.size > 1 && needed <= room(node.parentElement))
        found.push(`torn over ${tops.size} lines: ${match[0]}`);
    }
  }
  return found;
}"""

_FRAME = """(strip) => {
  const found = [], count = (what) => document.querySelectorAll(what).length;
  const say = (wrong, text) => { if (wrong) found.push(text); };
  const title = document.title.replace(/ - [^-]+$/, "").replace(/^(错误：|錯誤：|Error: )/, "");
  const heading = document.querySelector("h1");
  say(count("h1") !== 1, `${count("h1")} first headings`);
  say(heading && heading.innerText.replace(/\\s+/g, " ").trim() !== title.trim(),
    `the title "${title}" is not the heading "${heading && heading.innerText}"`);
  const green = [...document.querySelectorAll(".weui-btn_primary")].filter((one) => one.checkVisibility());
  say(green.length > 1, `${green.length} green buttons`);
  say(count("main") !== 1 || count("header") !== 1 || count("footer") !== 1, "not one main, header and footer");
  say(document.querySelectorAll("footer a").length !== 4, "the foot has not its four links");
  say(!document.querySelector("aside").innerText.includes(strip), `the strip does not say ${strip}`);
  say(count("[href^='javascript']") > 0 || count("[style]") > 0 || count("[onclick]") > 0, "inline code");
  say(count("h3,h4,h5,h6") > 0, "a heading below the second");
  say(count("[disabled],.weui-btn_disabled") > 0, "a disabled button");
  say(count("[placeholder]") > 0, "a placeholder for a label");
  return found;
}"""


def wait_for_style(page: Page) -> None:
    """Wait until the outer sheet has come: it stands at the end of the page."""
    if not page.evaluate(_HAS_STYLE):
        page.wait_for_function(_HAS_STYLE)


def bring_axe(context: BrowserContext) -> None:
    """Give every page that this browser opens from now on its examiner, half a megabyte that is sent once."""
    context.add_init_script(path=AXE)


def accessibility(page: Page) -> list[str]:
    """What axe finds, every rule of WCAG 2.2 AA and of best practice."""
    return list(page.evaluate(_AXE_RUN, ["tag", RULES]))


def colours(page: Page) -> list[str]:
    """What axe finds by the rules that see colours, for a page that was examined whole in another theme."""
    return list(page.evaluate(_AXE_RUN, ["rule", COLOUR_RULES]))


def small_targets(page: Page, least: int) -> list[str]:
    """What can be pressed and is smaller than this."""
    return list(page.evaluate(_TARGETS, least))


def out_of_place(page: Page) -> list[str]:
    """What makes the page scroll sideways, is cut off, sticks to the screen or is torn over two lines."""
    return list(page.evaluate(f"() => [...({_SIDEWAYS})(), ...({_CUT})(), ...({_TORN})()]"))


def frame(page: Page, strip: str) -> list[str]:
    """What the frame of every page must have, and none may."""
    return list(page.evaluate(_FRAME, strip))
