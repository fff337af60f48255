"""The steering editor: rules as sentences, one form to add one, save, publish, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from sqlalchemy import Connection

from dashboard import steering_state as state
from dashboard.actor import acting
from dashboard.format import instant, verbatim
from dashboard.publishing import Proposal, publish_dialog
from dashboard.steering_forms import KINDS, rule_form
from dashboard.steering_state import Kept
from dashboard.store import engine
from data.audit import Actor
from data.items import Items
from data.publications import Act, Terms
from data.steering import EVERYWHERE, KIND, create_steering, publish_steering, save_steering
from kindred.errors import UserError
from kindred.recommend.steering import PinRule, Steering, read_steering
from kindred.recommend.steering_words import rule_sentence

NAME = "Everywhere"


def editor(kept: Kept, items: Items, models: Sequence[str]) -> Steering:
    """Draw the rules being edited, with a way to add and remove one; gives them."""
    edited = state.edited(kept)
    _standing(kept, edited)
    names = pinned_names(edited, items)
    if not edited.rules:
        st.caption("No rule yet: people are shown what the model recommends, as it is.")
    for place, rule in enumerate(edited.rules):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = KINDS[rule.kind][0]
            said = verbatim(rule_sentence(rule, names))
            st.markdown(f":gray-badge[{label}] {said}", width="stretch")
            st.button(
                "Remove",
                key=f"rule_remove_{place}",
                icon=":material/close:",
                type="tertiary",
                help=f"Remove: {said}",
                on_click=state.remove,
                args=(place,),
            )
    _add(items, models)
    return edited


def pinned_names(steering: Steering, items: Items) -> dict[str, str]:
    """Give the names of the items that rules pin."""
    return {item: items.name(item) for rule in steering.of(PinRule) for item in rule.items}


def _standing(kept: Kept, edited: Steering) -> None:
    """Say what is live, and whether what is shown here differs from it."""
    live = read_steering(kept.live.body) if kept.live else Steering()
    if kept.live is None:
        told = "No rules are live."
    else:
        told = f"Version {kept.live.number} is live since {instant(kept.live.since)}."
    if edited != live:
        told += " :orange-badge[:material/edit: edited here, not live]"
    elif kept.live is not None:
        told += " :green-badge[:material/check: as live]"
    st.caption(told)


def _add(items: Items, models: Sequence[str]) -> None:
    with st.popover("Add a rule", icon=":material/add:", key="rule_add"):
        kind = str(
            st.selectbox(
                "What should it do?",
                list(KINDS),
                format_func=lambda kind: KINDS[kind][0],
                key="rule_kind",
            )
        )
        st.caption(KINDS[kind][1])
        rule = rule_form(kind, items, models)
        if rule is not None:
            st.markdown(f"**{verbatim(rule_sentence(rule, _names(rule, items)))}**")
        st.button(
            "Add it",
            type="primary",
            key="rule_add_it",
            disabled=rule is None,
            on_click=state.add,
            args=(rule,),
        )


def _names(rule: object, items: Items) -> dict[str, str]:
    return pinned_names(Steering((rule,)), items) if isinstance(rule, PinRule) else {}


def save_and_publish(
    kept: Kept, edited: Steering, items: Items, evidence: Callable[[], dict[str, object]]
) -> None:
    """Offer to save the draft, to publish it, and to take back what is kept.

    Parameters
    ----------
    evidence : callable
        Gives what the publisher saw of the rules' cost; called upon publishing.
    """
    changed = edited != kept.rules
    has_draft = kept.definition is not None and kept.definition.draft is not None
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Save draft",
            key="steering_save",
            icon=":material/save:",
            disabled=not changed,
            on_click=lambda: acting(lambda who: _save(edited, who)),
        )
        publish = st.button(
            "Publish …",
            key="steering_publish",
            type="primary",
            icon=":material/publish:",
            disabled=not (has_draft or changed),
        )
        st.button(
            "Undo changes",
            key="steering_undo",
            type="tertiary",
            icon=":material/undo:",
            disabled=not changed,
            on_click=state.take,
            args=(kept,),
        )
    if publish:
        propose(kept, edited, items, evidence())


def _save(edited: Steering, who: Actor) -> None:
    try:
        with engine().begin() as conn:
            _keep(conn, edited, who)
    except UserError as error:
        st.toast(f"{error.what} {error.fix}", icon=":material/error:")
        return
    st.toast("The draft is saved; it is not live.", icon=":material/save:")


def _keep(conn: Connection, edited: Steering, who: Actor) -> int:
    """Save the rules as a draft, upon what was opened; gives the revision."""
    at, revision = state.now(), state.opened_revision()
    if revision == 0:
        made = create_steering(conn, NAME, edited, actor=who, at=at, key=EVERYWHERE)
    else:
        made = save_steering(conn, EVERYWHERE, edited, revision=revision, actor=who, at=at)
    state.saved(made.revision)
    return made.revision


def propose(kept: Kept, edited: Steering, items: Items, evidence: dict[str, object]) -> None:
    """Say what publishing changes, ask why, then save and publish in one transaction."""
    names = pinned_names(edited, items)

    def publish(conn: Connection, act: Act, terms: Terms) -> int:
        revision = state.opened_revision()
        if kept.definition is None or edited != kept.rules or kept.definition.draft is None:
            revision = _keep(conn, edited, act.actor)
        number = publish_steering(
            conn,
            EVERYWHERE,
            act,
            revision=revision,
            names=names,
            terms=terms,
            evidence=evidence,
        )
        state.saved(revision + 1)
        return number

    cost = evidence.get("told")
    effect = "**Everybody’s** recommendations follow these rules, from the next answer on."
    publish_dialog(
        Proposal(
            kind=KIND,
            name=NAME,
            effect=f"{effect} {cost}" if cost else effect,
            publish=publish,
            differences=differences(kept, edited, names),
            now=kept.live,
            for_browsers=False,
        )
    )


def differences(kept: Kept, edited: Steering, names: dict[str, str]) -> list[str]:
    """Tell in sentences how the edited rules differ from those that are live."""
    before = read_steering(kept.live.body).rules if kept.live else ()
    added = [f"Added: {rule_sentence(r, names)}" for r in edited.rules if r not in before]
    gone = [f"Taken out: {rule_sentence(r, names)}" for r in before if r not in edited.rules]
    return [*added, *gone]
