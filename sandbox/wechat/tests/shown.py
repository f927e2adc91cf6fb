"""Faults and the checks that show them, kept by each module of checks and compared with the catalogue as one."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.wechat.faults import Fault, Rule, rule_for
from sandbox.wechat.tests.merchant import Merchant

Check = Callable[[Merchant], None]


class Shown(dict[Fault, Check]):
    """Fault to its check; each fault has one."""

    def by(self, *faults: Fault) -> Callable[[Check], Check]:
        """Keep the decorated check as the one of these faults."""

        def keep(check: Check) -> Check:
            for fault in faults:
                assert fault not in self
                self[fault] = check
            return check

        return keep


def put(merchant: Merchant, rule: Rule | Fault) -> None:
    """Put a rule in force, or a fault on its usual endpoint, once."""
    merchant.gateway.faults.add(rule if isinstance(rule, Rule) else rule_for(rule))
