"""The demo's browser: where a page sends it by itself, and what it can fill in."""

from bankfeeds.demo.browser import read_page


def page(html):
    return read_page("http://sage.example/ui/link/1", 200, html)


def test_it_follows_the_documented_script_to_where_it_points():
    found = page("<body><script>window.location = 'https://bank.example/a?x=1';</script><a href='/b'>b</a></body>")
    assert found.onward == "https://bank.example/a?x=1"
    assert page('<script>location.replace("\\/next\\u0026")</script>').onward == "http://sage.example/next&"


def test_it_takes_the_first_link_or_frame_only_where_nothing_is_to_be_filled_in():
    assert page("<a href='../go'>Continue</a>").onward == "http://sage.example/ui/go"
    assert page("<iframe src='https://bank.example/f'></iframe>").onward == "https://bank.example/f"
    assert page("<form><input name=a></form><a href='/b'>Cancel</a>").onward is None


def test_it_reads_hidden_fields_choices_and_the_words_beside_them():
    found = page(
        "<form method=post action='/go'><input type=hidden name=t value='1&amp;2'>"
        "<label><input type=radio name=account value=x1> Current  account</label>"
        "<label><input type=radio name=account value=x2> Savings</label>"
        "<input type=date name=startDate value=''><button>OK</button></form>"
    )
    form = found.form_with("startDate")
    assert form is not None
    assert (form.method, form.action, form.fields) == ("post", "/go", {"t": "1&2", "startDate": ""})
    assert [(each.value, " ".join(each.label.split())) for each in form.choices] == [
        ("x1", "Current account"),
        ("x2", "Savings"),
    ]


def test_scripts_and_styles_are_not_the_pages_words():
    assert page("<style>p{}</style><script>var a</script><p>Hello &amp; welcome</p>").text == "Hello & welcome"
