"""SVG of strangers, made safe."""

from __future__ import annotations

import pytest

from webapp.text.drawings import DrawingUnreadable, clean_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50" {}>{}</svg>'


def cleaned(inner: str, attributes: str = "") -> str:
    return clean_svg(OPEN.format(attributes, inner).encode())[0].decode()


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>alert</body></foreignObject>",
        "<style>@import url(https://a.example/alert.css)</style>",
        "<image href='https://a.example/alert.png'/>",
        "<use href='https://a.example/alert.svg#a'/>",
        "<a href='javascript:alert(1)'><rect/></a>",
        "<rect onload='alert(1)' width='1' height='1'/>",
        "<rect fill='url(https://a.example/alert)'/>",
        "<rect style='fill:url(//a.example/alert)'/>",
        "<rect fill='url( &quot;//a.example/alert&quot; )'/>",
        "<animate attributeName='href' values='javascript:alert(1)'/>",
        "<!-- alert --><?alert x?>",
        "<g xmlns:x='http://www.w3.org/1999/xlink'><use x:href='data:image/svg+xml,alert'/></g>",
    ],
)
def test_what_runs_or_loads_is_left_out(inner: str) -> None:
    kept = cleaned(inner, 'onload="alert(1)"')
    assert "alert" not in kept
    assert "a.example" not in kept


def test_what_is_drawn_stays() -> None:
    drawing = (
        '<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs>'
        '<g transform="translate(1 2)"><path d="M0 0h8v8z" fill="url(#a)"/></g>'
        '<use href="#a"/><text x="1">Post</text>'
    )
    kept = cleaned(drawing)
    for part in ("linearGradient", "M0 0h8v8z", "url(#a)", 'href="#a"', "translate(1 2)", "Post"):
        assert part in kept


def test_entities_are_neither_read_nor_kept() -> None:
    bomb = (
        '<!DOCTYPE svg [<!ENTITY a "alert"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><text>&a;&f;</text></svg>'
    )
    kept = clean_svg(bomb.encode())[0]
    assert not any(word in kept for word in (b"alert", b"root:", b"ENTITY", b"&"))


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('viewBox="0 0 200 50"', (200, 50)),
        ('viewBox="0,0,20.5,1e1"', (20.5, 10)),
        ('width="300px" height="60"', (300, 60)),
    ],
)
def test_its_size_is_that_of_the_view_box_or_its_own(
    attributes: str, size: tuple[float, float]
) -> None:
    content, *found = clean_svg(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}/>'.encode())
    assert tuple(found) == size
    assert b"viewBox" in content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg",
        b"<html/>",
        b"<svg viewBox='0 0 1 1'/>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="1"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 1"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1.2.3"/>',
    ],
)
def test_what_is_no_drawing_with_a_size_is_refused(content: bytes) -> None:
    with pytest.raises(DrawingUnreadable):
        clean_svg(content)
