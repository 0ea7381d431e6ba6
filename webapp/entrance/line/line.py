"""Who waits in line, and whose film stays in memory: no visitor can take the places or the memory of the others.

Gradio keeps one line for all and forgets the session that was used least recently, whoever fills them.
"""

import functools
from collections import Counter
from typing import Any, Final

import fastapi
import gradio as gr
from gradio import queueing, routes
from gradio.state_holder import SessionState, StateHolder

from core.composites.examples import EXAMPLES_FOLDER
from webapp.entrance.files.owners import refusal_of_files, refusal_of_others_files, visitor_of
from webapp.entrance.requests import KnowsClients
from webapp.entrance.who.program_door import NOT_FOR_PROGRAMS, number_of

#: Events that may wait: in all, from one client, and from one open page.
PLACES: Final = 64
_PLACES_OF_A_CLIENT: Final = 24
_PLACES_OF_A_PAGE: Final = 16
#: Places that are kept for those who are known by name.
_PLACES_FOR_KNOWN: Final = 16
_SESSIONS: Final = 256
_SESSION_BYTES: Final = 1 << 30
#: Open pages, or a program's requests, of one client whose answers are kept until they are fetched. A page's is 0.8 MB.
_UNREAD_OF_A_CLIENT: Final = 128
#: The longest name that a page may give its session; gradio's own have 11 characters, an event's 32.
_LONGEST_NAME: Final = 64

_PAGE_FULL: Final = "This page is already waiting for several answers: wait for one of them, then try again."
_CLIENT_FULL: Final = "Too many films from your address are waiting already: wait for some of them, then try again."
_PERSON_FULL: Final = "Too many of your requests are waiting already: wait for some of the answers, then try again."
_LONG_NAME: Final = f"A session's name has {_LONGEST_NAME} characters at most: load the page again."
_NO_SUCH: Final = "BoneGrade's page has no such event: load it again."
_ALL_FULL: Final = "Many people are waiting at the moment: try again in a minute. Those who are signed in go first."


class FairQueue(queueing.Queue):
    """Gradio's line, in which clients take turns and nobody can take all the places."""

    def __init__(self, *given: Any, access: KnowsClients, **settings: Any):
        super().__init__(*given, **settings)
        self._access = access
        #: The client by event, waiting or being answered, and by session.
        self._clients: dict[str, str] = {}
        self._sessions: dict[str, str] = {}

    async def push(self, body: Any, request: fastapi.Request, username: str | None) -> tuple[bool, Any, Any]:
        """Takes in an event, or says in a sentence why it has no place."""
        asking = gr.Request(request, username=username)
        client, known = self._access.client_of(asking)
        if refusal := self._misasked(body, asking):
            return False, refusal, "error"
        waiting = [event for line in self.event_queue_per_concurrency_id.values() for event in line.queue]
        self._clients = {event._id: self._clients.get(event._id, "") for event in [*waiting, *self._being_answered()]}
        sentence = ""
        if sum(event.session_hash == body.session_hash for event in waiting) >= _PLACES_OF_A_PAGE:
            sentence = _PAGE_FULL
        elif [self._clients[event._id] for event in waiting].count(client) >= _PLACES_OF_A_CLIENT:
            sentence = _PERSON_FULL if known else _CLIENT_FULL
        elif len(waiting) >= PLACES - (0 if known else _PLACES_FOR_KNOWN):
            sentence = _ALL_FULL
        if sentence:
            return False, sentence, "queue_full"
        states = self.blocks.state_holder if self.server_app is None else self.server_app.state_holder
        if isinstance(states, BoundedStates) and body.session_hash is not None:
            states.belongs(body.session_hash, client)
        done = await super().push(body, request, username)
        if done[0]:
            event_id = str(done[1])
            self._clients[event_id] = client
            self._take_turns(event_id)
            self._forget_unread(body.session_hash, client)
        return done

    def _being_answered(self) -> list[queueing.Event]:
        return [event for job in self.active_jobs for event in job or ()]

    def _misasked(self, body: Any, request: gr.Request) -> str:
        """Why a request cannot be taken in, whoever makes it; "" where it can."""
        fn, visitor = self.blocks.fns.get(body.fn_index), visitor_of(request.headers)
        if len(body.session_hash or "") > _LONGEST_NAME:
            return _LONG_NAME
        if fn is None or fn.api_visibility != "public":
            if number_of(request):
                return NOT_FOR_PROGRAMS
            if fn is None:
                return _NO_SUCH
            return refusal_of_others_files([body.data, body.event_data], visitor, EXAMPLES_FOLDER)
        takes = len(fn.inputs)
        if len(body.data) != takes:
            return f"/{fn.api_name} takes {takes} inputs, not {len(body.data)}: see docs/api.md for their names."
        return refusal_of_files(body.data, visitor)

    def _take_turns(self, event_id: str) -> None:
        """Puts the line of an event in order: everybody's first event, in the order in which they came, then the second ones.
        Clients who are being answered have had their first."""
        event = self.event_ids_to_events.get(event_id)
        line = None if event is None else self.event_queue_per_concurrency_id.get(event.concurrency_id)
        if line is None:
            return
        so_far = Counter(
            self._clients.get(one._id, "")
            for one in self._being_answered()
            if one.concurrency_id == line.concurrency_id
        )
        turns = {}
        for one in line.queue:
            client = self._clients.get(one._id, "")
            turns[one._id] = so_far[client]
            so_far[client] += 1
        line.queue.sort(key=lambda one: turns[one._id])
        self.broadcast_estimations(line.concurrency_id)

    def _forget_unread(self, session: str, client: str) -> None:
        """Forgets the client's oldest sessions beyond a number, with the answers that nobody has fetched. Gradio keeps those of
        2,000 sessions, whoever made them up, and their names for ever."""
        kept = self.pending_messages_per_session
        busy = {event.session_hash for event in self.event_ids_to_events.values()}
        self._sessions = {one: who for one, who in self._sessions.items() if one in kept}
        self._sessions.setdefault(session, client)
        idle = [one for one, who in self._sessions.items() if who == client and one not in busy]
        for one in idle[: max(0, len(idle) - _UNREAD_OF_A_CLIENT)]:
            del kept[one]
        for one in [one for one in self.pending_event_ids_session if one not in kept and one not in busy]:
            del self.pending_event_ids_session[one]


class BoundedStates(StateHolder):
    """Gradio's memory of open pages. Where it is full, the client that holds most loses the page that it used least
    recently."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._clients: dict[str, str] = {}

    def belongs(self, session: str, client: str) -> None:
        """Records that a session is a client's; the first claim stands, so that nobody takes over another's."""
        self._clients.setdefault(session, client)

    def update(self, session_id: str) -> None:
        """Records that a session is used now."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            self._clients = {
                session: who
                for session, who in self._clients.items()
                if session in self.session_data or session == session_id
            }
            sizes = {session: _bytes(state) for session, state in self.session_data.items()}
            while len(sizes) > 1 and (len(sizes) > _SESSIONS or sum(sizes.values()) > _SESSION_BYTES):
                leaves = self._who_leaves(sizes, session_id)
                del sizes[leaves], self.session_data[leaves]
                self.time_last_used.pop(leaves, None)

    def _who_leaves(self, sizes: dict[str, int], in_use: str) -> str:
        held: Counter[str] = Counter()
        for session, size in sizes.items():
            held[self._clients.get(session, "")] += 1 + size * _SESSIONS // _SESSION_BYTES
        most, _ = held.most_common(1)[0]
        # in the order in which they were used; the one in use goes only where it is the only one
        return next((s for s in sizes if self._clients.get(s, "") == most and s != in_use), next(iter(sizes)))


def _bytes(state: SessionState) -> int:
    """How much memory the films in a session's states take."""
    return sum(getattr(value, "nbytes", 0) for value in state.state_data.values())


def keep_order(access: KnowsClients) -> None:
    """Makes gradio use this line and this memory for pages that are built from now on."""
    queueing.Queue = functools.partial(FairQueue, access=access)  # type: ignore[assignment,misc]
    routes.StateHolder = BoundedStates  # type: ignore[attr-defined,misc]
