"""The front door of reconciliation: the auditors that compare rooms with each other."""

from __future__ import annotations

from canbao.reconciliation.checks import AUDITORS

__all__ = ["AUDITORS"]
