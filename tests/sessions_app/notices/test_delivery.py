"""Deliveries over a real mail server on loopback: tried again, bounded, visible; at most twice, and then marked so."""

import ipaddress
import os
import random
import signal
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db.models import F, QuerySet

from roster.people.models import Membership, Person
from sessions_app.jobs.work import moment
from sessions_app.notices import consequences, delivery
from sessions_app.notices.delivery import Drained, claim, drain
from sessions_app.notices.mail import MailSender
from sessions_app.notices.models import Delivery, DeliveryStage, Notice
from sessions_app.notices.rules import MAX_ATTEMPTS, wait_seconds
from sessions_app.notices.tasks import deliver
from tests import build
from tests.sessions_app.jobs import workers
from tests.sessions_app.jobs.conftest import _refusing_again, committed  # noqa: F401 (fixtures)
from tests.sessions_app.notices.sinks import MailSink, free_port, mail_sink
from tests.test_six import at_once

Stage = DeliveryStage


@pytest.fixture
def sink(settings: Any) -> Iterator[MailSink]:
    with mail_sink() as (sink, port):
        _aim(settings, port)
        yield sink


def _aim(settings: Any, port: int) -> None:
    settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", port, "none"
    settings.MAIL_FROM, settings.MAIL_TIMEOUT_SECONDS = "知行 <zhixing@zhixing.example>", 2
    settings.BASE_URL = "https://zhixing.example"


def posted(number: int = 1, **more: Any) -> list[Delivery]:
    """So many notices, each on its way by mail to a member of its own."""
    where = build.committee("甲单位党组")
    people = Person.objects.bulk_create(
        Person(code=f"M{n:04d}", name=f"收件人{n}", email=f"person{n}@zhixing.example") for n in range(number)
    )
    Membership.objects.bulk_create(
        Membership(committee=where, person=person, since=build.SINCE, rank=n) for n, person in enumerate(people)
    )
    line = {"item": None, "kind": "学习记录未提交", "what": "3月12日学习记录", "committee": "甲单位党组",
            "due": "2026-03-19", "left": "已逾期 1 个工作日", "tone": "overdue", "url": "/minutes/7/"}  # fmt: skip
    words = {"title": "月提醒：1 项待办", "lines": [line], "url": "/inbox/"} | more
    notices = Notice.objects.bulk_create(
        Notice(person=person, rhythm="MONTHLY", period="2026-03", created_at=build.AT, **words) for person in people
    )
    return Delivery.objects.bulk_create(
        Delivery(notice=notice, channel="MAIL", address=notice.person.email, next_try_at=build.AT) for notice in notices
    )


def shift(seconds: float = 20) -> Drained:
    return drain("MAIL", seconds=seconds, sender=MailSender())


def again(minutes: int = 0) -> Drained:
    """A shift after so many minutes (0: when everything that waits is due); the rows are moved back instead of the clock."""
    waiting = Delivery.objects.filter(stage=Stage.WAITING)
    if minutes:
        waiting.update(next_try_at=F("next_try_at") - timedelta(minutes=minutes))
    else:
        waiting.update(next_try_at=moment())
    return shift()


def died(row: Delivery) -> None:
    """The process that holds the claim is dead for a while."""
    Delivery.objects.filter(pk=row.pk).update(claimed_at=moment() - timedelta(hours=1))


# ------------------------------------------------------------------------------------------------- what arrives


@pytest.mark.django_db
def test_a_letter_arrives_in_two_forms_with_a_chinese_subject_and_links(sink: MailSink) -> None:
    (row,) = posted(title="月提醒：1 项待办")
    assert shift() == Drained(sent=1)
    (letter,) = sink.letters
    assert letter["Subject"] == "【知行】月提醒：1 项待办"
    assert letter["To"] == "person0@zhixing.example" and letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"] == f"<zhixing.20260320020000.{row.pk}@zhixing.example>"
    assert letter["X-Zhixing-Possible-Duplicate"] is None
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for words in (
        "收件人0同志：",
        "3月12日学习记录",
        "甲单位党组",
        "已逾期 1 个工作日",
        "https://zhixing.example/minutes/7/",
    ):
        assert words in text and words in html, words
    assert "可能重复" not in text + html
    row.refresh_from_db()
    assert (row.stage, row.attempts, row.error, row.claim) == (Stage.SENT, 1, "", "") and row.sent_at


@pytest.mark.django_db
def test_a_title_cannot_add_headers_and_a_foreign_path_is_no_link(sink: MailSink) -> None:
    line = {"what": "<b>甲</b>\n\n.\n", "url": "//elsewhere.example/x", "kind": "", "left": ""}
    posted(title="月提醒\r\nBcc: all@zhixing.example", lines=[line])
    assert shift().sent == 1
    (letter,) = sink.letters
    assert letter["Bcc"] is None and letter["Subject"].strip() == "【知行】月提醒 Bcc: all@zhixing.example"
    html = letter.get_body(("html",)).get_content()
    assert "&lt;b&gt;甲" in html and "elsewhere.example" not in html


@pytest.mark.django_db
def test_without_an_address_of_the_site_a_letter_has_words_and_no_links(sink: MailSink, settings: Any) -> None:
    settings.BASE_URL = ""
    posted()
    assert shift().sent == 1
    text, html = (sink.letters[0].get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "3月12日学习记录" in text and "://" not in text and "href" not in html


@pytest.mark.django_db
def test_one_connection_serves_a_whole_drain_and_one_lost_between_is_made_again(sink: MailSink) -> None:
    posted(5)
    assert shift() == Drained(sent=5)
    assert sink.lines == 1
    Delivery.objects.update(stage=Stage.WAITING, sent_at=None)
    sender = MailSender()
    with sender:
        sender.send(Delivery.objects.first())
        sender._backend.connection.sock.shutdown(2)  # as by a server that is tired of waiting
        sender.send(Delivery.objects.last())
    assert sink.lines == 3 and len(sink.letters) == 7


@pytest.mark.django_db
def test_what_a_house_above_no_longer_wants_is_not_sent(sink: MailSink, monkeypatch: Any) -> None:
    first, second = posted(2)
    wants = [lambda notice: "事项均已办结" if notice.pk == first.notice_id else ""]
    monkeypatch.setattr(consequences, "still_wanted", wants)
    assert shift() == Drained(sent=1, dropped=1)
    first.refresh_from_db()
    assert (first.stage, first.error) == (Stage.DROPPED, "事项均已办结")
    assert [str(letter["To"]) for letter in sink.letters] == [second.address]


@pytest.mark.django_db
def test_what_is_due_later_and_what_is_of_another_channel_stays(sink: MailSink) -> None:
    later, chat = posted(2)
    Delivery.objects.filter(pk=later.pk).update(next_try_at=moment() + timedelta(minutes=5))
    Delivery.objects.filter(pk=chat.pk).update(channel="CHAT")
    assert shift() == Drained()


# ------------------------------------------------------------------------------------------ what goes wrong, and how


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "stage", "words"),
    [
        ("550 5.1.1 <person0@zhixing.example> unknown", Stage.FAILED, "邮件服务器拒收：550 5.1.1 <p***@zhixing.example> unknown"),
        ("450 4.2.1 mailbox busy", Stage.WAITING, "邮件服务器暂不接收：450 4.2.1 mailbox busy"),
    ],
)  # fmt: skip
def test_a_refusal_is_for_good_or_for_now_and_the_address_is_masked(
    sink: MailSink, answer: str, stage: str, words: str
) -> None:
    bad, good = posted(2)
    sink.address_answer = answer
    Delivery.objects.filter(pk=good.pk).update(stage=Stage.SENT, sent_at=build.AT)
    assert shift() == Drained(failed=1)
    bad.refresh_from_db()
    assert (bad.stage, bad.error, bad.uncertain, bad.attempts) == (stage, words, False, 1)
    sink.address_answer = ""
    assert again().sent == (1 if stage == Stage.WAITING else 0)
    assert set(sink.times.values()) <= {1}


@pytest.mark.django_db
def test_one_refused_address_does_not_keep_the_others(sink: MailSink) -> None:
    bad, *_ = posted(4)
    Delivery.objects.filter(pk=bad.pk).update(address="no address")
    assert shift() == Drained(sent=3, failed=1)
    bad.refresh_from_db()
    assert bad.stage == Stage.FAILED and "邮箱地址写得不对" in bad.error


@pytest.mark.django_db
def test_a_refused_text_is_not_counted_as_lost(sink: MailSink) -> None:
    (row,) = posted()
    sink.text_answer = "554 5.7.1 spam"
    shift()
    row.refresh_from_db()
    assert (row.stage, row.uncertain) == (Stage.FAILED, False) and "554" in row.error


@pytest.mark.django_db
def test_a_mail_server_down_for_an_hour_costs_few_attempts_and_no_letter(settings: Any) -> None:
    port = free_port()
    _aim(settings, port)
    posted(20)
    for _ in range(60):  # beat knocks every minute
        told = again(minutes=1)
        assert told.sent == 0 and told.failed <= 1
        assert told.away == "连不上邮件服务器（ConnectionRefusedError）。" or not told.failed
    spent = list(Delivery.objects.values_list("attempts", flat=True))
    assert max(spent) <= 4 and sum(spent) <= 60
    assert set(Delivery.objects.values_list("stage", "uncertain")) == {(Stage.WAITING, False)}
    with mail_sink(port) as (sink, _):
        assert again().sent == 20
        assert sorted(sink.times.values()) == [1] * 20


@pytest.mark.django_db
def test_it_is_given_up_after_eight_attempts_and_says_why(settings: Any) -> None:
    _aim(settings, free_port())
    (row,) = posted()
    for _ in range(MAX_ATTEMPTS + 2):
        again()
    row.refresh_from_db()
    assert (row.stage, row.attempts) == (Stage.FAILED, 8) and row.error.startswith(
        "试了 8 次没有送出：连不上邮件服务器"
    )


def test_waits_grow_and_are_spread_by_a_fifth() -> None:
    assert [wait_seconds(n, 0) / 60 for n in range(1, 9)] == [1, 5, 15, 60, 180, 360, 360, 360]
    assert (wait_seconds(1, -1), wait_seconds(1, 1)) == (48, 72)


@pytest.mark.django_db
def test_a_lost_answer_is_marked_and_tried_once_more_only(sink: MailSink) -> None:
    (row,) = posted()
    sink.hang_up = True
    assert shift() == Drained(failed=1)
    row.refresh_from_db()
    assert (row.stage, row.uncertain) == (Stage.WAITING, True)
    again()
    row.refresh_from_db()
    assert row.stage == Stage.FAILED and row.error.startswith("两次发送都没有得到答复")
    again()
    assert len(sink.letters) == 2 and len(sink.times) == 1
    first, second = sink.letters
    assert first["X-Zhixing-Possible-Duplicate"] is None and second["X-Zhixing-Possible-Duplicate"] == "yes"
    assert "这封邮件可能重复：上次发送时系统中断" in second.get_body(("plain",)).get_content()
    assert "这封邮件可能重复：上次发送时系统中断" in second.get_body(("html",)).get_content()


@pytest.mark.django_db
def test_a_server_that_answers_drop_by_drop_is_cut_off(settings: Any) -> None:
    """Each read is quick enough for the time-out; all together they would never end."""
    import socket
    import threading

    settings.MAIL_TIMEOUT_SECONDS = 0.5
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line, suppress(OSError):
                while True:
                    line.send(b"220-wait\r\n")
                    time.sleep(0.2)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        _aim(settings, port)
        settings.MAIL_TIMEOUT_SECONDS = 0.5
        posted()
        began = time.monotonic()
        told = shift()
        assert time.monotonic() - began < 4 and told.away
        thread.join(5)
    assert Delivery.objects.get().uncertain is False


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A server's own certificate for 127.0.0.1, which nobody trusts yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    built = (
        built.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2099, 1, 1)).add_extension(here, False)
    )
    signed = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    words = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(signed)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*words))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "key.pem")
    return tmp_path / "server.pem", context


@pytest.mark.django_db
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_encrypted_line_needs_a_certificate_that_is_trusted_and_then_the_password_goes_over_it(
    certificate: tuple[Path, ssl.SSLContext], settings: Any, monkeypatch: Any, security: str
) -> None:
    path, context = certificate
    given: list[bytes] = []

    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)

    more = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    # aiosmtpd knows of no TLS that was there from the start
    lax = {"auth_required": security == "starttls", "auth_require_tls": security == "starttls"}
    with mail_sink(authenticator=authenticator, **more, **lax) as (sink, port):
        _aim(settings, port)
        settings.MAIL_SECURITY, settings.MAIL_USER, settings.MAIL_PASSWORD = security, "zhixing", "wrong"
        (row,) = posted()
        assert shift().away == "邮件服务器的证书或加密方式不对。"
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert again().away == "登录邮件服务器失败（535），请核对账号和密码。"
        settings.MAIL_PASSWORD = "right"
        assert again().sent == 1
        assert len(sink.letters) == 1 and set(given) == {b"wrong", b"right"}
    row.refresh_from_db()
    assert not row.uncertain


# --------------------------------------------------------------------------------------- claims, and those who die


@pytest.mark.django_db
def test_a_claim_that_died_is_taken_up_again_once_marked_and_the_second_death_is_said(sink: MailSink) -> None:
    first, second = posted(2)
    for row in (first, second):
        assert claim("MAIL").pk == row.pk
    assert shift() == Drained()  # both are somebody's
    died(first)
    assert shift().sent == 1
    first.refresh_from_db()
    assert (first.stage, first.uncertain, first.attempts) == (Stage.SENT, True, 2)
    assert sink.letters[0]["X-Zhixing-Possible-Duplicate"] == "yes"
    died(second)
    assert claim("MAIL").uncertain
    died(second)
    assert shift() == Drained(failed=1)
    second.refresh_from_db()
    assert second.stage == Stage.FAILED and second.error.startswith("两次发送都在途中中断")
    assert len(sink.letters) == 1


@pytest.mark.django_db
def test_one_marked_uncertain_that_was_certainly_not_sent_is_tried_on(sink: MailSink) -> None:
    (row,) = posted()
    claim("MAIL")
    died(row)
    sink.address_answer = "450 later"
    assert shift().failed == 1
    sink.address_answer = ""
    assert again().sent == 1
    row.refresh_from_db()
    assert row.uncertain and len(sink.letters) == 1


def stalled(sink: MailSink) -> int:
    """How often a letter arrives whose first sender fell asleep, was overtaken, woke and says that it could not send."""
    (row,) = posted()
    slow = claim("MAIL")
    died(row)
    assert shift().sent == 1
    delivery.again(slow, "没有送出")
    again()
    return len(sink.letters)


@pytest.mark.django_db
def test_who_lost_his_claim_says_nothing_any_more(sink: MailSink) -> None:
    assert stalled(sink) == 1
    assert Delivery.objects.get().stage == Stage.SENT


@pytest.mark.django_db
def test_the_test_notices_a_mark_without_its_token(sink: MailSink, monkeypatch: Any) -> None:
    """Negative control: with the token check gone the same story ends in two letters."""

    def mark(claimed: Delivery, stage: str, error: str = "", **more: Any) -> bool:
        return bool(Delivery.objects.filter(pk=claimed.pk).update(stage=stage, error=error, **more))

    monkeypatch.setattr(delivery, "mark", mark)
    assert stalled(sink) == 2


def drained_at_once(sink: MailSink) -> list[int]:
    posted(30)
    sink.after = 0.01
    at_once(shift, times=3)
    return sorted(sink.times.values())


@pytest.mark.usefixtures("committed")
def test_three_drains_at_once_send_each_letter_once(sink: MailSink) -> None:
    assert drained_at_once(sink) == [1] * 30
    assert set(Delivery.objects.values_list("stage", "attempts", "uncertain")) == {(Stage.SENT, 1, False)}


@pytest.mark.usefixtures("committed")
def test_the_task_at_once_and_again_leaves_what_once_leaves(sink: MailSink) -> None:
    posted(10)
    at_once(lambda: deliver("MAIL"), times=3)
    first = list(Delivery.objects.order_by("pk").values())
    deliver("MAIL")
    assert list(Delivery.objects.order_by("pk").values()) == first
    assert sorted(sink.times.values()) == [1] * 10


@pytest.mark.usefixtures("committed")
def test_the_count_notices_claims_that_claim_nothing(sink: MailSink, monkeypatch: Any) -> None:
    """Negative control: with a claim that only looks, the same three drains send twice."""

    def look(channel: str, avoid: frozenset[str] = frozenset()) -> Delivery | None:
        row = Delivery.objects.filter(delivery.due(channel, moment())).order_by("next_try_at", "pk").first()
        if row is not None:
            row.stage = Stage.SENDING
        return row

    def mark(claimed: Delivery, stage: str, error: str = "", **more: Any) -> bool:
        return bool(Delivery.objects.filter(pk=claimed.pk).update(stage=stage, error=error, **more))

    monkeypatch.setattr(delivery, "claim", look)
    monkeypatch.setattr(delivery, "mark", mark)
    assert max(drained_at_once(sink)) > 1


@pytest.mark.django_db
def test_an_unknown_error_counts_as_possibly_sent(sink: MailSink) -> None:
    class Broken(MailSender):
        def send(self, row: Delivery) -> None:
            raise RuntimeError("boom")

    (row,) = posted()
    for _ in range(2):
        Delivery.objects.filter(stage=Stage.WAITING).update(next_try_at=moment())
        drain("MAIL", seconds=5, sender=Broken())
    row.refresh_from_db()
    assert (row.stage, row.uncertain, row.attempts) == (Stage.FAILED, True, 2) and "RuntimeError" in row.error


@pytest.mark.django_db
def test_a_shift_ends_in_time_and_says_what_waits(sink: MailSink) -> None:
    posted(3)
    assert shift(seconds=0) == Drained(waiting=3)
    claim("MAIL")
    assert shift(seconds=0) == Drained(waiting=2)


@pytest.mark.django_db
def test_the_task_sends_and_is_silent_when_switched_off_or_without_a_mail_server(
    sink: MailSink, settings: Any, monkeypatch: Any
) -> None:
    posted(2)
    host, settings.MAIL_HOST = settings.MAIL_HOST, ""
    deliver("MAIL")
    settings.MAIL_HOST = host
    monkeypatch.setattr("sessions_app.notices.tasks.is_on", lambda name: name != "notices.deliver.mail")
    deliver("MAIL")
    assert sink.letters == []
    monkeypatch.undo()
    deliver("MAIL")
    assert len(sink.letters) == 2


# ------------------------------------------------------------------------------------------------- a real worker


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.usefixtures("committed")
def test_a_worker_killed_at_twenty_random_moments_loses_no_letter_and_doubles_none_silently(
    sink: MailSink, settings: Any, tmp_path: Path
) -> None:
    """Processes of a real worker are killed while they send; the queue gives their task to those that follow."""
    chance = random.Random(20)
    sink.before, sink.after = 0.02, 0.12
    posted(150)
    told = {
        "ZHIXING_MAIL_HOST": "127.0.0.1", "ZHIXING_MAIL_PORT": str(settings.MAIL_PORT), "ZHIXING_MAIL_SECURITY": "none",
        "ZHIXING_MAIL_FROM": settings.MAIL_FROM,
    }  # fmt: skip
    killed, dead = 0, set()
    held = Delivery.objects.filter(stage=Stage.SENDING)
    with workers.worker(tmp_path, beat=False, **told) as process:
        while killed < 20:
            deliver.apply_async(args=["MAIL"])
            time.sleep(chance.uniform(0.02, 0.15))
            assert Delivery.objects.filter(stage=Stage.WAITING).exists(), "all is sent before all is killed"
            pool, under_way = _children(process.pid), set(held.values_list("pk", flat=True)) - dead
            if pool and under_way:
                taken = len(sink.letters) + chance.randint(0, 2)  # some while they connect, some well under way
                workers.until(lambda: len(sink.letters) >= taken, 20)  # noqa: B023
                time.sleep(chance.uniform(0, 0.14))
                under_way = set(held.values_list("pk", flat=True)) - dead
                for pid in pool:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                dead |= under_way
                killed += 1
        sink.before = sink.after = 0
        workers.until(lambda: _knocked(), 30)  # what nobody held is sent
        cut_off = _still_held(held)
        held.update(claimed_at=moment() - timedelta(hours=1))  # instead of waiting for five minutes
        workers.until(lambda: _knocked() and not held.exists(), 30)
    rows = Delivery.objects.all()
    assert set(rows.values_list("stage", flat=True)) == {Stage.SENT}
    times = {row.pk: sink.times[f"<zhixing.20260320020000.{row.pk}@zhixing.example>"] for row in rows}
    assert set(times.values()) <= {1, 2}
    twice = {pk for pk, count in times.items() if count == 2}
    marked = set(rows.filter(uncertain=True).values_list("pk", flat=True))
    assert twice <= marked == cut_off
    assert len(marked) >= 10, "twenty kills hit something"
    seconds = [letter for letter in sink.letters if letter["X-Zhixing-Possible-Duplicate"]]
    assert len(seconds) == len(marked)
    print(f"killed {killed}, marked {len(marked)}, arrived twice {len(twice)}")


def _knocked() -> bool:
    """Whether nothing waits; a worker is told otherwise."""
    if not Delivery.objects.exclude(stage=Stage.SENT).exists():
        return True
    deliver.apply_async(args=["MAIL"], expires=5)
    time.sleep(0.3)
    return not Delivery.objects.filter(stage=Stage.WAITING).exists()


def _still_held(held: QuerySet[Delivery]) -> set[int]:
    """Held by nobody alive: what a living process has in hand is done within the second."""
    while True:
        before = set(held.values_list("pk", flat=True))
        time.sleep(1)
        if set(held.values_list("pk", flat=True)) == before:
            return before
