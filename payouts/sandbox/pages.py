"""What the sandbox's pages for people share."""

from string import Template

from payouts.sandbox.answers import Answer

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }
  label { display: block; margin-top: 1.2rem; font-weight: 600; }
  input, select, button { font: inherit; padding: .5rem; box-sizing: border-box; width: 100%; }
  button { margin-top: 1.6rem; cursor: pointer; }
  :focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
  .error { font-weight: 600; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
""")


def page(status: int, title: str, content: str) -> Answer:
    """A page; both texts are HTML."""
    body = PAGE.substitute(title=title, content=content).encode()
    return Answer(status, body, {"Content-Type": "text/html; charset=utf-8"})


def redirect(url: str) -> Answer:
    """Send the reader elsewhere."""
    return Answer(303, b"", {"Location": url})
