"""Files: what is refused, how they are kept, who may fetch them and as what."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.attachments import actions
from sessions_app.attachments.models import Attachment
from sessions_app.attachments.rules import clean_name
from sessions_app.outcomes.models import Outcome
from sessions_app.sessions.models import StudyMaterial, StudySession
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture(autouse=True)
def own_storage(tmp_path):
    with override_settings(STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }):  # fmt: skip
        yield tmp_path


def package(folder: str, *, filler: bytes = b"", extra: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", "<Types/>")
        out.writestr(f"{folder}document.xml", filler or b"<w/>")
        if extra:
            out.writestr(extra, b"x")
    return packed.getvalue()


@pytest.fixture
def kept():
    where = build.committee()
    session = studying.session(where)
    return session, build.secretary_of(where)


def attach(kept, name, content, kind="SIGN_IN_SCAN", subject=None):
    session, secretary = kept
    upload = SimpleUploadedFile(name, content)
    return actions.attach(
        subject or session, committee=session.committee, kind=kind, upload=upload, by=secretary, at=build.AT
    )


def test_kept_under_a_random_name_once(kept, own_storage):
    row = attach(kept, "签到表 3月.pdf", PDF)
    assert attach(kept, "签到表 3月.pdf", PDF) == row
    assert "签到" not in row.file.name and (own_storage / row.file.name).read_bytes() == PDF
    assert (row.name, row.content_type, row.size) == ("签到表 3月.pdf", "application/pdf", len(PDF))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("报告.pdf", b"<!doctype html><script>alert(1)</script>", "内容不是 pdf"),
        ("报告.pdf", b"%PDF-1.7\n<html><script>alert(1)</script>", "内容不是 pdf"),
        ("照片.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF<svg onload=x>", "内容不是 jpg"),
        ("图.svg", b"<svg/>", "不能上传“svg”"),
        ("报告.pdf.exe", b"MZ", "不能上传“exe”"),
        ("报告.html.pdf", PDF, "两个后缀"),
        ("报告.docx", PDF, "内容不是 docx"),
        ("报告.docx", package("xl/"), "内容不是 docx"),
        ("报告.docx", package("word/", extra="word/vbaProject.bin"), "带有宏"),
        ("炸弹.docx", package("word/", filler=b"0" * 40_000_000), "展开后过大"),
        ("空.pdf", b"", "空的"),
        ("无后缀", PDF, "没有后缀"),
    ],
)
def test_hostile_files_are_refused(kept, name, content, words, own_storage):
    with pytest.raises(Refused, match=words):
        attach(kept, name, content)
    assert not Attachment.objects.exists() and not list(own_storage.rglob("*.*"))


@override_settings(UPLOAD_MAX_BYTES=1024 * 1024)
def test_too_big(kept):
    with pytest.raises(Refused, match="超过 1 MB"):
        attach(kept, "大.pdf", PDF + b"0" * 1024 * 1024)


def test_an_ordinary_word_file_is_kept(kept):
    assert attach(kept, "学习.docx", package("word/")).content_type.endswith("wordprocessingml.document")


def test_restricted_material_is_never_uploaded(kept):
    session, _ = kept
    material = StudyMaterial.objects.create(study_session=session, title="内部文件", release_type="RESTRICTED")
    with pytest.raises(Refused, match="只登记篇目"):
        attach(kept, "内部.pdf", PDF, "MATERIAL", material)


def test_names_are_cleaned():
    assert clean_name("..\\..\\etc/pass\x00wd\u202e.pdf") == "passwd.pdf"


def client_of(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@override_settings(CLOCK=build.AT)
def test_served_as_a_download_through_scope(kept):
    row = attach(kept, "签到表.pdf", PDF)
    url = reverse("attachment", args=[row.pk])
    answer = client_of(kept[1]).get(url)
    assert answer.status_code == 200 and b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment;") and answer["X-Content-Type-Options"] == "nosniff"
    assert AuditEvent.objects.about(row).filter(verb="download").count() == 1
    member = build.account(build.member(kept[0].committee).person)
    for stranger in (build.secretary_of(build.committee()), member):
        assert client_of(stranger).get(url).status_code == 404
    with override_settings(ACCEL="/protected/"):
        answer = client_of(kept[1]).get(url)
        assert answer["X-Accel-Redirect"] == f"/protected/{row.file.name}" and answer.content == b""
    actions.withdraw(row, reason="传错", by=kept[1], at=build.AT)
    assert client_of(kept[1]).get(url).status_code == 404


@override_settings(CLOCK=build.AT)
def test_uploading_through_the_page_needs_the_right_to_change(kept):
    session, secretary = kept
    row = studying.part_of(session)
    url = reverse("attachment_new", args=["participation", row.pk])
    sent = {"file": SimpleUploadedFile("签到.pdf", PDF), "kind": "SIGN_IN_SCAN"}
    assert client_of(build.leader_of(session.committee)).post(url, sent).status_code == 404
    sent["file"] = SimpleUploadedFile("签到.pdf", PDF)
    assert client_of(secretary).post(url, sent).status_code == 302
    assert Attachment.objects.about(row).count() == 1


@override_settings(CLOCK=build.AT)
def test_files_of_an_archived_session_are_not_taken_back(kept):
    session, secretary = kept
    row = attach(kept, "签到表.pdf", PDF)
    StudySession.objects.filter(pk=session.pk).update(stage="ARCHIVED")
    url = reverse("attachment_withdraw", args=[row.pk])
    said = client_of(secretary).post(url, {"reason": "换一份"}, follow=True).content.decode()
    assert "已归档，附件不能撤下" in said
    row.refresh_from_db()
    assert row.withdrawn_at is None


@override_settings(CLOCK=build.AT)
def test_the_only_proof_of_a_conversion_stays(kept):
    session, secretary = kept
    made = {"committee": session.committee, "day": build.DAY, "entered_at": build.AT}
    proposal = Outcome.objects.create(code="A-1", kind="PROPOSAL", title="建议", **made)
    policy = Outcome.objects.create(code="A-2", kind="POLICY", title="意见", derived_from=proposal, **made)
    row = attach(kept, "意见.pdf", PDF, kind="OUTCOME", subject=policy)
    url = reverse("attachment_withdraw", args=[row.pk])
    assert "唯一凭据" in client_of(secretary).post(url, {"reason": "换"}, follow=True).content.decode()
    Outcome.objects.filter(pk=policy.pk).update(document_number="澜发〔2026〕1号")
    client_of(secretary).post(url, {"reason": "换"})
    row.refresh_from_db()
    assert row.withdrawn_at is not None
