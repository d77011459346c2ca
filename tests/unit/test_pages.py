"""The page of a server that is not ready."""

from clew.pages import is_page, page_headers, plain_page


def test_plain_page_runs_nothing_and_escapes_what_it_says() -> None:
    page = plain_page("Clew is starting", "<script>alert(1)</script> & more", 1)
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert 'http-equiv="refresh" content="1"' in page


def test_policy_without_a_nonce_allows_no_styles_of_scripts() -> None:
    assert "style-src 'self';" in page_headers()["Content-Security-Policy"]


def test_path_that_is_no_path_is_no_page() -> None:
    for path in ("", "*", "http://other/", "api"):
        assert not is_page("GET", path, "text/html")
