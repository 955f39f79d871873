"""`users`: who may sign in to the desk, and as what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arsync.cli.common import (
    config_option,
    json_option,
    opened,
    print_table,
    refuse_unknown_command,
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.container import Container
    from arsync.application.people.managing import Handed, PersonLine, RoleWanted

ROLES = ("owner", "controller", "accountant", "reader")

role_option = click.option(
    "--role", type=click.Choice(ROLES), default="reader", show_default=True, help="What they are."
)
scope_options = (
    click.option("--connection", metavar="NAME", help="Only to this connection."),
    click.option("--label", metavar="TEXT", help="Only to the connections with this label."),
    click.option(
        "--up-to",
        metavar="AMOUNT",
        help="What they approve alone, in the organisation's currency (default: no limit).",
    ),
    click.option("--no-amounts", is_flag=True, help="They see names and states, and no sum."),
)


def with_scope(command: Any) -> Any:
    """Let a command say to what a role holds."""
    for option in reversed(scope_options):
        command = option(command)
    return command


class _Users(click.Group):
    """The group; it knows near misses of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-"):
            refuse_unknown_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=_Users)
def users() -> None:
    """List who may sign in to the desk; add people, change their roles, let them in again."""


@users.command("list", short_help="List everybody who may sign in.")
@json_option
@config_option
def list_(as_json: bool, config_file: Path | None) -> int:
    """List everybody who may sign in: what they are, how they come in, when they were seen."""
    from arsync.application.people.managing import people, scope_names, scope_words

    with opened(config_file) as (actor, container):
        lines = people(actor, container)
        names = scope_names(actor, container)
    if as_json:
        print_json([_view(line) for line in lines])
        return EXIT_DONE
    print_table(
        "",
        ["email", "name", "is", "comes in by", "last seen"],
        [
            [
                line.user.email,
                line.user.name,
                "; ".join(f"{role.role}, {scope_words(role, names)}" for role in line.user.roles)
                or "nothing",
                _way_in(line),
                f"{line.user.last_seen_at:%Y-%m-%d %H:%M} UTC" if line.user.last_seen_at else "",
            ]
            for line in lines
        ],
    )
    say(word(len(lines), "person", "people") + ".")
    return EXIT_DONE


@users.command(short_help="Add somebody, and print the link by which they come in.")
@click.argument("email")
@click.option("--name", default="", help="The name that stands beside what they decide.")
@role_option
@with_scope
@json_option
@config_option
def add(
    email: str,
    name: str,
    role: str,
    connection: str | None,
    label: str | None,
    up_to: str | None,
    no_amounts: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Add somebody, and print the link by which they choose a password.

    It opens once, within 7 days. Where [smtp] and [desk] url are set it is mailed, too.
    """
    from arsync.application.people.managing import invite

    wanted_role = _role(role, connection, label, up_to, no_amounts=no_amounts)
    with opened(config_file) as (actor, container):
        handed = invite(actor, container, email, name, [wanted_role])
        _print_link(container, handed, as_json=as_json)
    return EXIT_DONE


@users.command(short_help="Change what somebody is.")
@click.argument("email")
@click.argument("new_role", metavar="ROLE", type=click.Choice([*ROLES, "none"]))
@with_scope
@json_option
@config_option
def role(
    email: str,
    new_role: str,
    connection: str | None,
    label: str | None,
    up_to: str | None,
    no_amounts: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Let somebody be something to everything, to one connection or to a label.

    What is said of one connection counts before a label, and that before everything. ROLE none
    takes away what they were to it. The last owner stays.
    """
    from arsync.application.people.managing import (
        PersonLine,
        person_of,
        remove_wanted_role,
        set_role,
    )

    wanted_role = _role(new_role, connection, label, up_to, no_amounts=no_amounts)
    with opened(config_file) as (actor, container):
        user = person_of(actor, container, email)
        change = remove_wanted_role if new_role == "none" else set_role
        user = change(actor, container, user, wanted_role)
    if as_json:
        print_json(_view(PersonLine(user, 0)))
    say(f"{user.email}: {', '.join(held.role for held in user.roles) or 'nothing'}.")
    return EXIT_DONE


@users.command(short_help="Let somebody in again who lost the password or the telephone.")
@click.argument("email")
@click.option("--totp", is_flag=True, help="Take the code of the app away as well.")
@json_option
@config_option
def reset(email: str, totp: bool, as_json: bool, config_file: Path | None) -> int:
    """Print a link by which somebody chooses a new password; earlier links are void.

    It opens once, within 2 hours. Whoever uses it is signed out everywhere else.
    """
    from arsync.application.people.managing import hand_link, person_of, take_second_factor
    from arsync.application.people.signing_in import PASSWORD

    with opened(config_file) as (actor, container):
        user = person_of(actor, container, email)
        if totp:
            take_second_factor(actor, container, user)
            say(f"{user.email} signs in without a code now.")
        handed = hand_link(actor, container, user, PASSWORD)
        _print_link(container, handed, as_json=as_json)
    return EXIT_DONE


@users.command(short_help="Let somebody sign in no more.")
@click.argument("email")
@json_option
@config_option
def disable(email: str, as_json: bool, config_file: Path | None) -> int:
    """Let somebody sign in no more; they are signed out at once, and their tokens hold no more.

    What they did stays theirs. The last owner stays.
    """
    return _disable(email, config_file, as_json=as_json, disabled=True)


@users.command(short_help="Let somebody sign in again.")
@click.argument("email")
@json_option
@config_option
def enable(email: str, as_json: bool, config_file: Path | None) -> int:
    """Let somebody sign in again who was disabled."""
    return _disable(email, config_file, as_json=as_json, disabled=False)


def _disable(email: str, config_file: Path | None, *, as_json: bool, disabled: bool) -> int:
    from arsync.application.people.managing import PersonLine, person_of, set_disabled

    with opened(config_file) as (actor, container):
        user = person_of(actor, container, email)
        user = set_disabled(actor, container, user, disabled=disabled)
    if as_json:
        print_json(_view(PersonLine(user, 0)))
    say(f"{user.email} may sign in {'no more' if disabled else 'again'}.")
    return EXIT_DONE


def _role(
    role: str, connection: str | None, label: str | None, up_to: str | None, *, no_amounts: bool
) -> RoleWanted:
    """Return a role as it was typed.

    Raises:
        UserMistake: it would hold to a connection and to a label.
    """
    from arsync.application.people.managing import RoleWanted

    if connection and label:
        raise UserMistake("--connection and --label are two roles: give one after the other.")
    scope = "connection" if connection else "label" if label else "all"
    return RoleWanted(
        role,
        scope,
        connection or label or "",
        sees_amounts=not no_amounts,
        approves_up_to=up_to or "",
    )


def _print_link(container: Container, handed: Handed, *, as_json: bool) -> None:
    from arsync.application.people.managing import CHOOSES_PASSWORD, PersonLine

    web = container.config.web
    desk = container.config.desk.url.rstrip("/") or f"http://{web.host}:{web.port}"
    link = f"{desk}{CHOOSES_PASSWORD}{handed.token}"
    if as_json:
        print_json({**_view(PersonLine(handed.user, 0)), "link": link, "mailed": handed.mailed})
    else:
        click.echo(link)
    if handed.mailed:
        say(f"It was mailed to {handed.user.email}.")
    elif handed.not_mailed_because:
        say(f"It could not be mailed: {handed.not_mailed_because}")
    say("Whoever has the link can choose the password: hand it over on a way that reaches them.")


def _view(line: PersonLine) -> dict[str, Any]:
    user = line.user
    return {
        "email": user.email,
        "name": user.name,
        "roles": [
            {
                "role": role.role,
                "scope": role.scope,
                "value": role.value,
                "sees_amounts": role.sees_amounts,
                "approves_up_to": role.approves_up_to,
            }
            for role in user.roles
        ],
        "has_password": user.has_password,
        "has_code": user.has_totp,
        "disabled_at": user.disabled_at,
        "last_seen_at": user.last_seen_at,
    }


def _way_in(line: PersonLine) -> str:
    if line.is_disabled:
        return "disabled"
    if line.is_invited:
        return "invited"
    user = line.user
    ways = {
        "password": user.has_password,
        "code": user.has_totp,
        "provider": bool(user.oidc_subject),
    }
    return ", ".join(way for way, is_theirs in ways.items() if is_theirs)
