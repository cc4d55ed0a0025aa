"""What a seeded defect is, and the exact edits that make one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fcc.errors import ConfigError

Category = Literal["agreement", "completeness", "injection", "invalid", "outage", "practice", "text"]
"""What is wrong: artifacts contradict each other or the SLA; something asked for is not there; a text gives orders to
its reader; a file is not valid by itself; no answer came; valid, and against good practice; the reply is broken."""

Edit = Callable[[str, str], str]
"""Gives the spoilt text of a reply, from it and the prompt that it answers; or raises a `ProviderError`."""
Replacement = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Defect:
    """One known fault that the deterministic provider can put into its reply."""

    id: str
    category: Category
    step: str
    """The step of its chain whose reply it spoils."""
    what: str
    """What is wrong then, in one sentence."""
    holds: str
    """A regular expression of the deliverable that it spoils; a reply without that stays clean."""
    edit: Edit
    note: str = ""
    """Why nothing may notice it, where that is known."""
    chain: str = "devops-deployment"
    """The chain that it is made for."""
    where: str = ""
    """A regular expression of the prompts whose replies it spoils; "" for any."""

    def concerns(self, text: str, prompt: str = "") -> bool:
        """Whether a reply holds the deliverable that it spoils, and answers such a prompt."""
        if self.where and re.search(self.where, prompt, re.MULTILINE) is None:
            return False
        return re.search(self.holds, text, re.MULTILINE) is not None

    def apply(self, text: str, prompt: str = "") -> str:
        """The spoilt reply.

        Raises:
            ProviderError: the defect is that no answer comes.
            ConfigError: there is nothing in the reply that it could spoil.
        """
        spoilt = self.edit(text, prompt)
        if spoilt == text:
            raise ConfigError(
                f"the defect {self.id} does not apply: the reply has nothing that it spoils",
                hint=f"It is made for replies like those of the chain {self.chain}.",
            )
        return spoilt


class File(NamedTuple):
    """A file among the replies of a chain."""

    step: str
    path: str
    """A regular expression."""
    chain: str = "devops-deployment"

    @property
    def block(self) -> str:
        """A regular expression of the whole fenced block, with the file's text as its group 2."""
        return rf"(?ms)^(```[\w+-]+ path={self.path}\n)(.*?)(^```$)"

    def defect(
        self,
        id_: str,
        category: Category,
        what: str,
        pattern: str,
        replacement: Replacement,
        *,
        count: int = 1,
        note: str = "",
    ) -> Defect:
        """The defect that replaces the first `count` (0: all) matches of a pattern in this file; `^` is a line's start."""

        def edit(text: str, _prompt: str) -> str:
            def spoil(block: re.Match[str]) -> str:
                body = re.sub(pattern, replacement, block[2], count=count, flags=re.MULTILINE)
                return f"{block[1]}{body}{block[3]}"

            return re.sub(self.block, spoil, text, count=1)

        return Defect(
            id_, category, self.step, what, rf"^```[\w+-]+ path={self.path}$", edit, note, self.chain
        )

    def lost(self, id_: str, what: str, note: str = "") -> Defect:
        """The defect that the reply does not hold this file."""

        def edit(text: str, _prompt: str) -> str:
            return re.sub(self.block, "", text, count=1)

        return Defect(
            id_, "completeness", self.step, what, rf"^```[\w+-]+ path={self.path}$", edit, note, self.chain
        )


def another_number(match: re.Match[str]) -> str:
    """The match with its second group, a number, plus one."""
    return f"{match[1]}{int(match[2]) + 1}"


def times(factor: float) -> Callable[[re.Match[str]], str]:
    """The match with its second group, a number, multiplied."""
    return lambda match: f"{match[1]}{float(match[2]) * factor:g}"
