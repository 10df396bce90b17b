"""Texts that try to run, fetch or break out of a page: scripts, handlers, SVG, CSS, URLs, template syntax, Unicode, Markdown.

`hostile_texts(url)` gives each of them once. Whatever runs sets `data-ran` on the root of the page, and whatever is fetched comes from
`url`, so a browser tells both: on a page that lets them through, many do.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import product
from urllib.parse import quote

RUN = "document.documentElement.dataset.ran=1"
BREAKS = (
    "",
    '">',
    "'>",
    "</pre>",
    "</title></style></textarea></script>",
    "-->",
    "]]>",
    "</summary></details></section>",
)
"""What ends the place in which a text stands."""
HANDLED = (
    "<img src=x onerror={run}>",
    "<svg onload={run}>",
    "<svg/onload={run}//",
    "<body onload={run}>",
    "<input autofocus onfocus={run}>",
    "<details open ontoggle={run}>x</details>",
    "<video><source onerror={run}></video>",
    "<audio src=x onerror={run}>",
    "<object data=x onerror={run}>",
    "<iframe onload={run}></iframe>",
    "<style onload={run}></style>",
    "<marquee onstart={run}>x</marquee>",
    "<select autofocus onfocus={run}></select>",
    "<div style='animation:a 1s' onanimationstart={run}>x</div>",
)
SCRIPTS = (
    "<script>{run}</script>",
    "<SCRIPT>{run}</SCRIPT>",
    "<script\n>{run}</script\n>",
    "<script/x>{run}</script>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    "<script>{run}",
    "<<script>{run}//<</script>",
    "<script src='data:text/javascript,{run}'></script>",
    "<script type=module>{run}</script>",
    "<svg><script>{run}</script></svg>",
    "<svg><script xlink:href='data:,{run}'/></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><set onbegin={run} attributeName=x>",
    "<svg><foreignObject><body onload={run}></foreignObject></svg>",
    "<svg><style><img src=x onerror={run}></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={run}&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<template><script>{run}</script></template>",
    "<xmp><p title='</xmp><svg onload={run}>'>",
    "<plaintext><script>{run}</script>",
    "<!--><script>{run}</script>",
    "<![CDATA[><script>{run}</script>]]>",
    "<?xml-stylesheet href='javascript:{run}'?>",
    "<iframe srcdoc='&lt;script&gt;parent.{run}&lt;/script&gt;'></iframe>",
)
ATTRIBUTES = (
    "' onmouseover={run} x='",
    '" onmouseover={run} x="',
    '" autofocus onfocus={run} x="',
    "` onclick={run} x=`",
    '" style="x" onload={run} ',
)
FETCHED = (
    "<img src={url}>",
    "<img srcset='{url} 2x'>",
    "<image href={url}>",
    "<svg><image href={url} width=1 height=1 /></svg>",
    "<svg><use href={url}#a /></svg>",
    "<svg><feImage href={url} /></svg>",
    "<link rel=stylesheet href={url}>",
    "<link rel=preload as=image href={url}>",
    "<link rel=prefetch href={url}>",
    "<link rel=preconnect href={url}>",
    "<link rel=icon href={url}>",
    "<link rel=manifest href={url}>",
    "<iframe src={url}></iframe>",
    "<object data={url}></object>",
    "<embed src={url}>",
    "<video src={url} poster={url}></video>",
    "<audio src={url}></audio>",
    "<track src={url}>",
    "<input type=image src={url}>",
    "<script src={url}></script>",
    "<meta http-equiv=refresh content='0;url={url}'>",
    "<base href={url}>",
    "<form action={url}><input autofocus></form>",
    "<a href={url} ping={url}>x</a>",
    "<body background={url}>",
    "<table background={url}>",
    "<style>@import url({url});</style>",
    "<style>body{{background:url({url})}}</style>",
    "<style>@font-face{{font-family:a;src:url({url})}}*{{font-family:a}}</style>",
    "<div style=background:url({url})>x</div>",
    "<div style='list-style:url({url});display:list-item'>x</div>",
    "<p style=content:url({url})>x</p>",
    "}}*{{background:url({url})}}",
    ";background:url({url})",
    "</style><style>*{{cursor:url({url}),auto}}</style>",
)
URLS = (
    "javascript:{run}", "JaVaScRiPt:{run}", "java\tscript:{run}", "&#106;avascript:{run}", "\x01javascript:{run}", "vbscript:{run}",
    "data:text/html,<script>parent.{run}</script>", "<a href='javascript:{run}'>x</a>", "<a href='data:text/html,{run}'>x</a>",
    "[x](javascript:{run})", "[x](<javascript:{run}>)", "![x]({url})", "![x][y]\n\n[y]: {url}", "<{url}>", "{url}", "www.e.example/{run}",
    "mailto:a@e.example", "[x]: {url}", "<javascript:{run}>", "[![x]({url})]({url})",
)  # fmt: skip
TEMPLATES = (
    "{{7*7}}", "{{ self._TemplateReference__context }}", "{% include 'page.html.j2' %}", "{% raw %}", "{% endraw %}{{ 1 }}", "{# x", "#}",
    "{{ cycler.__init__.__globals__.os.system('id') }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "[[7*7]]", "{{constructor.constructor('x')()}}",
    "%(x)s", "{0.__class__}", "\\{\\{7*7\\}\\}", "{%- set x = 1 -%}", "{{ '<img src=x onerror=x()>' | safe }}",
)  # fmt: skip
SIGNS = (
    "\u202e<script>{run}</script>\u202c", "\u2066\u2067\u2069{run}", "<\u200bscript>{run}</script>", "\uff1cscript\uff1e{run}\uff1c/script\uff1e",
    "\x00<script>{run}</script>", "<scr\x00ipt>{run}</scr\x00ipt>", "\ud83d<script>{run}</script>", "\ufeff<script>{run}</script>",
    "\u2028<script>{run}</script>\u2029", "+ADw-script+AD4-{run}+ADw-/script+AD4-", "\x1b[2J\x1b]0;x\x07", "&lt;script&gt;{run}&lt;/script&gt;",
    "&#60;script&#62;{run}&#60;/script&#62;", "&#x3c;script&#x3e;{run}", "&amp;lt;script&amp;gt;{run}", "%3Cscript%3E{run}%3C/script%3E",
    "\\u003cscript\\u003e{run}\\u003c/script\\u003e", "\\x3cscript\\x3e{run}", "ﬁ\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "\U000e003c\U000e0073{run}", "\x85<script>{run}</script>", "\x0b<svg/onload={run}>",
)  # fmt: skip
MARKDOWN = (
    "| a | b |\n|---|---|\n| c | d |", "# head", "```\ncode\n```", "~~~", "---", "- x\n- y", "> quote", "<details open ontoggle={run}>", "**b** _i_ ~~s~~",
    "\\|", "`a`", "$$x$$", "<!-- x", "1. x", "@someone #12 a1b2c3d", "<b onclick={run}>x</b>",
)  # fmt: skip


def hostile_texts(url: str) -> list[str]:
    """All of them, each once; `url` is where those that fetch go to."""
    return list(dict.fromkeys(_texts(url)))


def _texts(url: str) -> Iterator[str]:
    for ending, form in product(BREAKS, (*HANDLED, SCRIPTS[0])):
        yield ending + form.format(run=RUN)
    for form in (*SCRIPTS, *ATTRIBUTES):
        yield form.format(run=RUN)
    for number, form in enumerate(FETCHED):
        yield BREAKS[number % 4] + form.format(url=f"{url}/fetched{number}")
    for form in (*URLS, *SIGNS, *MARKDOWN):
        yield form.replace("{run}", RUN).replace("{url}", url)
    yield from TEMPLATES
    for form in SCRIPTS[:8]:
        yield escape(form.format(run=RUN))
        yield quote(form.format(run=RUN))
