"""Plain server-rendered pages: one frame and style for all services, no script, nothing from another host."""

import base64
import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.web.entry import sign_out
from shared.web.language import Language, Texts, Words

FRAME = Path(__file__).parent / "templates"
STYLE = Markup((FRAME / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
TOKEN_COOKIE = "token"  # noqa: S105 - its name
WORDS: Words = MappingProxyType({"sign_out": ("Đăng xuất", "Sign out")})
# A page is text, a style and a drawing: nothing runs, nothing is fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}


class Script:
    """A script of ours that stands in a page: it alone may run there, and ask this host alone."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        self.text = Markup(text)  # noqa: S704 - our own file
        self.policy = f"{POLICY}; script-src 'sha256-{digest}'; connect-src 'self'"


class Pages:
    """The pages of one service: templates in `folder` extend `base.html`.

    `carried`: query parameters that links keep from page to page, beside the language.
    """

    def __init__(self, folder: Path, carried: tuple[str, ...] = ()) -> None:
        self._carried = carried
        self._environment = Environment(
            loader=FileSystemLoader([folder, FRAME]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(
        self,
        request: Request,
        template: str,
        t: Texts,
        *,
        script: Script | None = None,
        **values: Any,  # noqa: ANN401
    ) -> HTMLResponse:
        """The answer; templates get `values`, the texts as `t`, and `base` and `query` to build links with."""
        other = Language.EN if t.language is Language.VI else Language.VI
        given = {name: value for name, value in request.query_params.items() if name != "lang"}
        carried = {name: given[name] for name in self._carried if name in given}
        body = self._environment.get_template(template).render(
            t=t,
            style=STYLE,
            sign_out=sign_out(request) if request.cookies.get(TOKEN_COOKIE) else None,
            frame=Texts(WORDS, t.language),
            base=str(request.scope.get("root_path", "")),
            query=urlencode({**carried, "lang": t.language}),
            other_language=other,
            other_language_query=urlencode({**given, "lang": other}),
            script=script.text if script else None,
            **values,
        )
        policy = script.policy if script else POLICY
        return HTMLResponse(body, headers={"Content-Security-Policy": policy, **HEADERS})
