"""The door is shut to whom those in hand would keep waiting, and to nobody else."""

from contextlib import ExitStack

import pytest

from collector_plugin.receivers import room as rooms
from collector_plugin.receivers.room import FEW, Place, Room
from schemas.errors import Overloaded

LIMIT_BYTES = 1_000_000
DOOR_BYTES = 10_000


@pytest.fixture
def room() -> Room:
    return Room(LIMIT_BYTES, DOOR_BYTES)


@pytest.fixture
def inside() -> ExitStack:
    """Those in hand; `close` lets them go."""
    return ExitStack()


def come(inside: ExitStack, room: Room, *sizes_bytes: int) -> list[Place]:
    """Let requests of these sizes come in, each as a whole."""
    places = []
    for size_bytes in sizes_bytes:
        places.append(inside.enter_context(room.place(size_bytes)))
        places[-1].take(size_bytes)
        places[-1].is_whole = True
    return places


def is_open(room: Room) -> bool:
    try:
        room.check_door()
    except Overloaded:
        return False
    return True


def test_many_large_ones_shut_it_until_one_is_gone(room: Room, inside: ExitStack) -> None:
    """What they are together counts; who is refused leaves nothing behind."""
    come(inside, room, *[DOOR_BYTES // FEW] * FEW)
    assert is_open(room)
    with ExitStack() as last:
        come(last, room, 100)
        assert not is_open(room)
        with pytest.raises(Overloaded), room.place(1):
            pass
        assert room.taken_bytes == DOOR_BYTES + 100
    assert is_open(room)
    inside.close()
    assert room.taken_bytes == 0


def test_a_few_never_shut_it(room: Room, inside: ExitStack) -> None:
    """However large they are: so the last of four senders, each with one request at a time, comes in as well."""
    come(inside, room, *[20 * DOOR_BYTES] * (FEW - 1))
    assert is_open(room)
    come(inside, room, 20 * DOOR_BYTES)
    assert not is_open(room)


def test_many_small_ones_do_not_shut_it(room: Room, inside: ExitStack) -> None:
    """There is no limit to their number but that of connections."""
    come(inside, room, *[10] * 500)
    assert is_open(room)


def test_many_at_once_are_counted_by_what_they_announce(room: Room, inside: ExitStack) -> None:
    """Of four hundred that begin before most of them has come, only so many are let in as can soon be served."""
    refused_count = 0
    for _ in range(400):
        try:
            inside.enter_context(room.place(1_000)).take(200)
        except Overloaded:
            refused_count += 1
    assert refused_count == 400 - DOOR_BYTES // 1_000 - 1


def test_who_announces_much_again_and_again_and_sends_next_to_nothing_shuts_it_for_nobody(
    room: Room, inside: ExitStack
) -> None:
    """However many he begins, they count for little more than what he sends."""
    for _ in range(100):
        inside.enter_context(room.place(DOOR_BYTES)).take(1)
    assert is_open(room)


def test_who_announces_much_and_sends_little_shuts_it_for_nobody(
    room: Room, inside: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by announcing nor by what has come; once such a request is whole it counts like any other."""
    monkeypatch.setattr(rooms, "COMING_S", 0.0)
    slow = [inside.enter_context(room.place(DOOR_BYTES)) for _ in range(20)]
    for place in slow:
        place.take(DOOR_BYTES // 2)
    assert is_open(room)
    assert room.taken_bytes == 20 * DOOR_BYTES // 2
    for place in slow:
        place.is_whole = True
    assert not is_open(room)


def test_what_comes_without_an_announcement_counts_as_it_comes(room: Room, inside: ExitStack) -> None:
    """As chunks do."""
    places = [inside.enter_context(room.place()) for _ in range(FEW)]
    assert is_open(room)
    for place in places:
        place.take(DOOR_BYTES)
    assert not is_open(room)


def test_it_is_crowded_with_more_than_a_few_that_are_whole(room: Room, inside: ExitStack) -> None:
    """Those that are still coming wait for nobody."""
    inside.enter_context(room.place()).take(1)
    come(inside, room, *[1] * FEW)
    assert not room.is_crowded
    come(inside, room, 1)
    assert room.is_crowded


def test_what_there_is_no_room_for_is_refused_though_the_door_is_open(room: Room, inside: ExitStack) -> None:
    """The limit on memory holds for the first as well; nothing of what was refused is kept."""
    with pytest.raises(Overloaded):
        come(inside, room, LIMIT_BYTES - 1, 2)
    inside.close()
    assert room.taken_bytes == 0
