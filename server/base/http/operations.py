"""What a route is called in the description of the API, where one handler answers at several paths."""

from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.types import Method, OperationIDCreator
from litestar.types.internal_types import PathParameterDefinition


def operation(name: str) -> OperationIDCreator:
    """`name` at the shortest of its paths, and with the rest of the path at each other: all names must differ."""

    def called(handler: HTTPRouteHandler, _method: Method, parts: list[str | PathParameterDefinition]) -> str:
        path = [part for part in parts if isinstance(part, str)]
        shortest = min(handler.paths, key=lambda one: (len(one), one))
        if path == shortest.strip("/").split("/"):
            return name
        return f"{name}At{''.join(part.title().replace('-', '') for part in path[2:])}"

    return called
