"""What people paste comes out as the subset that prints, and cleaning it again changes nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.bulletins import clean, markup
from tests.sizes import examples

FACTS = {
    "figures": {"presence_rate": 0.912, "sessions": 22},
    "committees": [{"code": "A1", "figures": {"sessions": 3}}],
}
WORD = """<!--StartFragment--><p class=MsoNormal style='text-indent:32.0pt;mso-char-indent-count:2.0'><b><span
lang=EN-US style='font-family:仿宋_GB2312'>一、<o:p></o:p></span></b></p><p class="MsoListParagraph"><![if !supportLists]>·<![endif]>
甲 乙<span style="mso-spacerun:yes">&nbsp;&nbsp; </span>丙</p><table><tr><td>单位</td><td>次数</td></tr></table>
<a href="https://x.y/z" onclick="x()">链接</a><img src=x onerror=alert(1)><style>p{color:red}</style><script>alert(1)</script>"""


def tidy(html, facts=FACTS):
    return clean.cleaned(html, facts)


def test_word_junk_leaves_words_only():
    html = tidy(WORD).html
    assert html.startswith("<p><strong>一、</strong></p>")
    assert "单位，次数" in html and "链接" in html and "甲乙丙" in html.replace(" ", "")
    assert not re.search(r"style|class|href|onclick|onerror|script|alert|mso|color", html)


@pytest.mark.parametrize(("given_html", "wanted"), [
    ("<h1>题</h1><div>文</div>", "<h2>题</h2><p>文</p>"),
    ("<p>甲<b>乙</b><i>丙</i></p>", "<p>甲<strong>乙</strong><em>丙</em></p>"),
    ("<ul><li>一</li><li>二</li></ul><ol><li>三</li></ol>", "<ul><li>一</li><li>二</li></ul><ol><li>三</li></ol>"),
    ("<p> </p><p>&nbsp;</p><h2></h2>", ""),
    ("散文", "<p>散文</p>"),
    ("<p>a &lt; b &amp; c</p>", "<p>a &lt; b &amp; c</p>"),
    ("<p>甲<br>乙</p>", "<p>甲</p><p>乙</p>"),
    ('<figure data-block="总体情况表"><img src="x"></figure>', '<figure data-block="总体情况表"></figure>'),
])  # fmt: skip
def test_written_in_one_way(given_html, wanted):
    assert tidy(given_html).html == wanted


def test_figures_of_the_snapshot_stay_others_become_words_and_that_is_said():
    known = '<p>率<span data-fact="presence_rate" data-of="">91.2%</span>和<span data-fact="sessions" data-of="A1">3</span></p>'
    assert tidy(known) == clean.Cleaned(known)
    done = tidy('<p><span data-fact="salary" data-of="">9</span><span data-fact="sessions" data-of="ZZ">1</span></p>')
    assert done.html == "<p>91</p>" and len(done.notes) == 2
    draft = '<p><span data-fact="salary" data-of="">9</span></p>'
    assert tidy(draft, None).html == draft, "nothing is frozen yet"
    gone = tidy('<figure data-block="银行账户"></figure>')
    assert gone.html == "" and "银行账户" in gone.notes[0]


def test_a_new_snapshot_prints_figures_anew():
    html = '<p><span data-fact="sessions" data-of="">9</span>场，<span data-fact="sessions" data-of="A1">3</span>次</p>'
    assert clean.reprinted(html, FACTS) == (html.replace(">9<", ">22<"), 1)


@pytest.mark.parametrize("given_html", [
    '<b></td><td><span data-fact="nope" data-of="&quot;">-->',
    "<h2><b>甲 </b>乙</h2>", "<p>甲<b> </b>乙</p>", "<p>甲 <script>x</script>乙</p>", "&#x200b;&#12288;<p>甲&#8203; 乙</p>", "甲\x85乙\x85",
    '<p><span data-fact="a">甲 </span><span data-fact="b">乙</span></p>', "<!--<p>甲", "<a <b>甲</b>", "<p>&amp;<b>lt;</b>&#38;gt;</p>",
    "<li>甲<ol><li>乙", "<td>甲</td><td></td><td>乙</td>", "<svg><p>甲</svg>乙", "&#99999999999999999999;", "\ud800甲",
    '<figure data-block="更正&#8203;事项">',
])  # fmt: skip
def test_cleaning_twice_is_cleaning_once(given_html):
    for facts in (FACTS, None):
        once = tidy(given_html, facts).html
        assert tidy(once, facts) == clean.Cleaned(once)


def test_what_is_never_closed_is_words_and_stays():
    assert tidy("<p>甲 <!-- 乙").html == "<p>甲 &lt;!-- 乙</p>"
    assert tidy("<p>3 < 5 <a 乙").html == "<p>3 &lt; 5 &lt;a 乙</p>"
    assert tidy("<p>&#" + "9" * 5000 + ";</p>").html.startswith("<p>&amp;#999")


PIECES = st.sampled_from([
    "<p>", "</p>", "<b>", "</b>", "<strong>", "</strong>", "<em>", "</em>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<h2>", "</h2>",
    "<div>", "</div>", "<br>", "<span data-fact='sessions'>", '<span data-fact="nope" data-of="&quot;">', "</span>", "<script>x", "</script>",
    '<figure data-block="更正事项">', "</figure>", "<table><tr><td>", "</td><td>", "</tr>", "<!--", "-->", "<o:p>", "&nbsp;", "&lt;b&gt;",
    "&amp;lt;", "<a href='javascript:x'>", "</a>", "<img src=x>", "<p onclick=y>", "<style>", "</style>", "<", ">", "&", '"', "\u200b", "\u3000", " ",
    "学习", "91.2%", "\n", "<svg>", "</svg>", "<title>", "</td>", "<td>", "&#8203;", "&#12288;", "\x85", "<h1>", "</h1>", "<br/>",
    "<span data-fact='presence_rate' data-of=''>", "<!", "<?", "&#38;",
])  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=25).map("".join))
def test_cleaning_twice_is_cleaning_once_and_nothing_foreign_comes_through(html):
    for facts in (FACTS, None):
        once = clean.cleaned(html, facts).html
        assert clean.cleaned(once, facts) == clean.Cleaned(once)
        tags = set(re.findall(r"<([a-z0-9]+)", once))
        assert tags <= {"p", "h2", "h3", "h4", "strong", "em", "ul", "ol", "li", "span", "figure"}
        assert set(re.findall(r'\s([a-z-]+)="', re.sub(r">[^<]*<", "><", once))) <= {
            "data-fact",
            "data-of",
            "data-block",
        }
        markup.lines(once)
