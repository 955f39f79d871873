"""Reports."""

from __future__ import annotations

from arsync.application.ageing_report import AgeingTableView, ageing_report, ageing_table_view
from arsync.web.api.operations import Operations
from arsync.web.api.resources.customers import DayQuery
from arsync.web.caller import Caller

operations = Operations("reports")


@operations.read("/connections/{connection}/reports/ageing", amounts=True)
def get_ageing(caller: Caller, query: DayQuery) -> AgeingTableView:
    """Get the ageing of receivables on a day, by customer and currency."""
    return ageing_table_view(ageing_report(caller.actor, caller.organisation, query.as_of))
