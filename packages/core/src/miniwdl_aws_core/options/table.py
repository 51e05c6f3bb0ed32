"""
A section of the configuration as data: a class whose attributes are its options.

Each option says of what kind it is, what holds when nobody sets it, and why somebody would::

    class CwlogsOptions(Section):
        section = "cwlogs"
        request_rate = Option(number(0.1, 1000), 5.0, "Requests of CloudWatch Logs a second.")

    CwlogsOptions(settings).request_rate  # 5.0, or what is set
    CwlogsOptions.request_rate.variable  # "MINIWDL__CWLOGS__REQUEST_RATE"

The configuration file of workflow jobs, the reference pages and the READMEs are made from these classes. A part makes
its own known by an entry point of the group ``miniwdl_aws_options``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.settings import origin_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.options.kinds import Kind
    from miniwdl_aws_hooks.settings import Settings

__all__ = ["Option", "Section"]

T = TypeVar("T")


class Option(Generic[T]):
    """One option: asked of the class it describes itself, asked of an instance it is the value that is set."""

    section: str
    name: str

    def __init__(
        self,
        kind: Kind[T],
        default: T,
        help: str,  # noqa: A002 - as argparse calls it
        *,
        unset: str = "",
        begins: str = "",
        submit_only: bool = False,
    ) -> None:
        """
        Describe an option.

        :param help: what it is for, and why it is there: whole sentences.
        :param unset: what holds without a value, in words, where ``default`` is ``None``.
        :param begins: heading of the group of options that begins with this one.
        :param submit_only: whether it is read on the submitting machine alone, where there is only the environment.
        """
        self.kind = kind
        self.default = default
        self.help = help
        self.unset = unset
        self.begins = begins
        self.submit_only = submit_only

    def __set_name__(self, owner: type[Section], name: str) -> None:
        """Take the name that the class gives."""
        self.section, self.name = owner.section, name

    @overload
    def __get__(self, instance: None, owner: type[Section]) -> Option[T]: ...

    @overload
    def __get__(self, instance: Section, owner: type[Section]) -> T: ...

    def __get__(self, instance: Section | None, owner: type[Section]) -> Option[T] | T:
        """Read the value, once for each instance."""
        if instance is None:
            return self
        text = (instance.settings.get(self.section, self.name) or "").strip()
        value = self.parse(text, origin_of(instance.settings, self.section, self.name)) if text else self.default
        # Found there before this method is asked again.
        instance.__dict__[self.name] = value
        return value

    @property
    def label(self) -> str:
        """How sentences name it: ``[aws] fs``."""
        return f"[{self.section}] {self.name}"

    @property
    def variable(self) -> str:
        """Environment variable that sets it: ``MINIWDL__AWS__FS``."""
        return variable_of(self.section, self.name)

    @property
    def default_text(self) -> str:
        """The default as it would be written; empty where there is none."""
        return "" if self.default is None else self.kind.write(self.default)

    def parse(self, text: str, origin: str | None = None) -> T:
        """
        Read a value.

        :param origin: where it is set, if that is known: a variable or a file.
        :raises ConfigurationError: naming the option, and saying what it must be.
        """
        try:
            return self.kind.parse(text)
        except (ValueError, OverflowError):
            raise ConfigurationError(
                f"{self.label} must be {self.kind.expected}, not {quoted(text)}",
                hint=f"correct it in {origin or f'the miniwdl configuration or in {self.variable}'}",
            ) from None


class Section:
    """Options of one section, or some of them, with the values that are set."""

    section: ClassVar[str]
    owns_section: ClassVar[bool] = True
    """Whether all there is in the section is listed here and in :mod:`miniwdl_aws_core.options.shared`."""
    gone: ClassVar[Mapping[str, str]] = {}
    """What to do instead, by the names of options that there were, here or in the projects that users come from."""

    def __init__(self, settings: Settings) -> None:
        """Read from settings; each value when it is asked for first."""
        self.settings = settings

    @classmethod
    def options(cls) -> tuple[Option[Any], ...]:
        """All options in the order in which they are written."""
        return tuple(value for value in vars(cls).values() if isinstance(value, Option))

    def check(self) -> None:
        """
        Read every option now, those of base classes included.

        :raises ConfigurationError: for the first one that is wrong.
        """
        for kind in type(self).__mro__:
            for option in kind.options() if issubclass(kind, Section) else ():
                getattr(self, option.name)
