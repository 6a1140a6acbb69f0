"""The archive and the downloads in a bucket that several machines share: a store on loopback, a folder for each."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from geoportal import backups, bucket, filing, operations, uploads
from geoportal.archive import Archive, SharedArchive, archive_of
from geoportal.backups import place_of
from geoportal.bucket import Bucket, StoreAway, StoreError, StoreRefused
from geoportal.cli import main
from geoportal.database import owner_engine, reader_engine
from geoportal.downloads import downloads_in
from geoportal.settings import S3, Settings, SettingsError
from geoportal.states import State
from geoportal.web.app import create_portal
from tests.files import pdf, write, xplangml
from tests.files import plan as written_plan
from tests.integration.test_backups import deliver, public
from tests.integration.test_scanned_plans import umring_und_scan
from tests.processes import environment
from tests.store import Moto, Store, Swift, environment_of, silent

# what needs no database is tried with both; elsewhere it is Swift, which people run
with_each_store = pytest.mark.parametrize("store", [Moto, Swift], indirect=True, ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with getattr(request, "param", Swift)() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "_REST", 0.2)


@pytest.fixture
def where(store: Store) -> S3:
    """A bucket that nobody has used yet."""
    return store.new_bucket()


def machine(where: S3, folder: Path, room: int = 10**9) -> SharedArchive:
    return SharedArchive(folder, Bucket(where, "archive"), room)


@pytest.fixture
def settings(database: Settings, where: S3) -> Settings:
    return replace(database, bucket=where)


@pytest.fixture
def other(settings: Settings, tmp_path: Path) -> Settings:
    """A second machine on the same database."""
    return replace(settings, data=tmp_path / "other", run=tmp_path / "other/run")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    opened = owner_engine(settings.require_database_url())
    operations.prepare(opened)
    yield opened
    opened.dispose()


@with_each_store
def test_what_one_machine_puts_another_reads(where: S3, tmp_path: Path) -> None:
    one, two = machine(where, tmp_path / "one"), machine(where, tmp_path / "two")
    # more than one piece of an upload
    content = os.urandom(9 * 1024**2)
    file = tmp_path / "plan.zip"
    file.write_bytes(content)
    digest = one.put(file)
    assert two.path(digest).read_bytes() == content
    assert two.path(digest).stat().st_mode & 0o777 == 0o660, "any account of ours may say that it is wanted"
    assert b"".join(two.pieces(digest)) == content
    assert two.sizes() == {digest: len(content)}
    assert not two.path(sha256(b"nobody has it").hexdigest()).exists()


@with_each_store
def test_a_copy_is_found_while_the_store_is_away_and_nothing_else_is(store: Store, where: S3, tmp_path: Path) -> None:
    one, two = machine(where, tmp_path / "one"), machine(where, tmp_path / "two")
    digest = one.put(write(tmp_path / "a", "content"))
    with store.away():
        assert one.path(digest).read_text() == "content"
        with pytest.raises(StoreAway):
            two.path(digest)
        with pytest.raises(StoreAway):
            one.put(write(tmp_path / "b", "not taken"))
        assert list((tmp_path / "one").glob("??/*")) == [one.path(digest)], "no database may name what is here alone"
        assert list((tmp_path / "one").glob("tmp*")) == []
    store.awake(where)
    assert two.path(digest).read_text() == "content"


def test_a_store_that_says_nothing_holds_nobody_up_twice(
    where: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "_READ", 0.2)
    monkeypatch.setattr(bucket, "_REST", 600)
    with silent() as (address, count):
        archive = machine(replace(where, endpoint=address), tmp_path)
        with pytest.raises(StoreAway):
            archive.path(sha256(b"x").hexdigest())
        times = count()
        with pytest.raises(StoreAway):
            archive.path(sha256(b"y").hexdigest())
        assert count() == times + 1, "who asks while it rests is told without asking it"


@with_each_store
def test_a_wrong_key_and_a_wrong_bucket_are_no_missing_file(store: Store, where: S3, tmp_path: Path) -> None:
    digest = machine(where, tmp_path / "right").put(write(tmp_path / "a", "content"))
    with store.locked():
        wrong = machine(replace(where, secret="wrong"), tmp_path / "wrong")
        with pytest.raises(StoreRefused, match="SignatureDoesNotMatch"):
            wrong.path(digest)
        with pytest.raises(StoreRefused):
            wrong.reach()
        with pytest.raises(StoreRefused):
            wrong.require()
    elsewhere = machine(replace(where, bucket="nicht-da"), tmp_path / "elsewhere")
    with pytest.raises(StoreRefused, match="NoSuchBucket"):
        elsewhere.path(digest)
    with pytest.raises(StoreRefused):
        elsewhere.reach()


@with_each_store
def test_what_the_store_has_changed_is_not_handed_out(where: S3, tmp_path: Path) -> None:
    one, two = machine(where, tmp_path / "one"), machine(where, tmp_path / "two")
    digest = one.put(write(tmp_path / "a", "as delivered"))
    Bucket(where, "archive").put(f"files/{digest[:2]}/{digest}", (tmp_path / "a").with_name("b").open("w+b"))
    assert not two.path(digest).exists()
    with pytest.raises(StoreError):
        b"".join(two.pieces(digest))


@with_each_store
def test_copies_are_bounded_and_what_was_wanted_last_stays(where: S3, tmp_path: Path) -> None:
    archive = machine(where, tmp_path / "copies", room=10_000)
    digests = [archive.put(write(tmp_path / "a", str(number) * 4000)) for number in range(3)]
    for age, digest in enumerate(digests):
        os.utime(archive.path(digest), (age, age))
    assert archive.path(digests[0]).exists()  # wanted now
    archive.put(write(tmp_path / "a", "3" * 4000))
    kept = {path.name for path in (tmp_path / "copies").glob("??/*")}
    assert digests[0] in kept
    assert digests[1] not in kept
    assert archive.path(digests[1]).read_text() == "1" * 4000


def test_a_sweep_removes_what_nobody_names_everywhere(settings: Settings, other: Settings, engine: Engine) -> None:
    one, two = archive_of(settings), archive_of(other)
    file = write(settings.data / "a", "orphan")
    orphan = one.put(file)
    assert two.path(orphan).exists()
    assert operations.sweep(engine, one) == 0, "it is young: a transaction may be about to name it"
    assert operations.sweep(engine, one, seconds=-1) == 1
    assert one.sizes() == {}
    for copy in other.archive.glob("??/*"):
        os.utime(copy, (0, 0))
    assert operations.sweep(engine, two) == 1
    assert list(other.archive.glob("??/*")) == []


def test_what_is_put_in_the_very_moment_of_its_removal_comes_back(
    settings: Settings, other: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep has found it old; before it removes it, another machine takes a delivery of the same file."""
    one, two = archive_of(settings), archive_of(other)
    file = write(settings.data / "plan.gml", xplangml(written_plan()))
    digest, remove = one.put(file), Bucket.remove

    def delivered_first(bucket: Bucket, name: str) -> None:
        monkeypatch.setattr(Bucket, "remove", remove)
        operations.receive(engine, two, file)
        remove(bucket, name)

    monkeypatch.setattr(Bucket, "remove", delivered_first)
    one.remove(digest, older_than=-1)
    for folder in (settings.archive, other.archive):
        for copy in folder.glob("??/*"):
            copy.unlink()
    assert two.removed() == [digest]
    assert digest in one.sizes(), "a backup made now has it"
    assert operations.sweep(engine, one) == 0
    assert (two.removed(), list(two.sizes())) == ([], [digest]), "the sweep has seen that a delivery names it"
    assert two.path(digest).read_bytes() == file.read_bytes()


@with_each_store
def test_who_reads_what_was_removed_a_moment_ago_brings_it_back(where: S3, tmp_path: Path) -> None:
    archive = machine(where, tmp_path / "one")
    ways: tuple[Callable[[str], bytes], ...] = (
        lambda digest: archive.path(digest).read_bytes(),
        lambda digest: b"".join(archive.pieces(digest)),
    )
    for read in ways:
        digest = archive.put(write(tmp_path / "a", "wanted after all"))
        archive.remove(digest, older_than=-1)
        assert archive.removed() == [digest]
        assert read(digest) == b"wanted after all"
        assert archive.removed() == []


def test_a_plan_and_its_sheet_are_read_where_they_were_not_delivered(
    settings: Settings, other: Settings, engine: Engine, tmp_path: Path
) -> None:
    [outcome] = operations.deliver(engine, archive_of(settings), umring_und_scan(tmp_path)).outcomes
    there = create_portal(other).test_client()
    sheet = there.get(f"/plan/{outcome.id}/blatt/1.tif", headers={"Range": "bytes=0-3"})
    assert (sheet.status_code, sheet.data[:2]) == (206, b"II")


def test_a_document_that_is_away_is_503_and_a_file_that_cannot_be_kept_is_not_taken(
    store: Store, settings: Settings, other: Settings, engine: Engine, tmp_path: Path
) -> None:
    deliver(settings, engine, tmp_path, "Am Hang")
    with engine.connect() as connection:
        [(digest, plan)] = connection.execute(
            text("SELECT dokument.sha256, plan_id FROM plans.dokument JOIN plans.version ON version.id = version_id")
        )
    there = create_portal(other).test_client()
    address = f"/dokument/{digest}/b.pdf"
    with store.away():
        away = there.get(address)
        assert (away.status_code, "Retry-After" in away.headers) == (503, True)
        assert str(settings.bucket and settings.bucket.bucket) not in away.text
        assert digest in there.get(f"/dokumente.json?plan={plan}").text, "what the database knows is served"
        number = None
        with pytest.raises(StoreAway):
            number = operations.receive(
                engine, archive_of(settings), write(tmp_path / "n.gml", xplangml(written_plan(name="Neu")))
            )
        assert number is None
    store.awake(settings.bucket)
    assert there.get(address).data == pdf("Am Hang")


def test_reading_a_delivery_waits_for_the_store_and_counts_no_attempt(
    store: Store, settings: Settings, other: Settings, engine: Engine, tmp_path: Path
) -> None:
    file = write(tmp_path / "n.gml", xplangml(written_plan(name="Am Hang")))
    number = operations.receive(engine, archive_of(settings), file)
    with store.away(), pytest.raises(StoreAway):
        operations.process(engine, archive_of(other), number)
    with engine.begin() as connection:
        held = uploads.lock(connection, number)
    assert held is not None
    assert (held.state, held.attempts) == (State.RECEIVED, 0)
    store.awake(settings.bucket)
    operations.process(engine, archive_of(other), number)
    assert public(engine) == ["Am Hang"]


def test_downloads_are_made_on_one_machine_and_served_by_all(
    store: Store, settings: Settings, other: Settings, engine: Engine, tmp_path: Path
) -> None:
    there = create_portal(other).test_client()
    assert there.get("/downloads/").status_code == 200
    deliver(settings, engine, tmp_path, "Am Hang")
    operations.sync_layers(engine, settings)
    reader = reader_engine(settings.require_read_url())
    assert "bebauungsplaene" in filing.refresh_downloads(reader, settings, debounce=0, by_gemeinde=False)
    made = downloads_in(settings, settings.downloads)
    fresh = downloads_in(other, other.downloads)
    assert fresh.state == made.state
    assert filing.refresh_downloads(reader, other, debounce=0, by_gemeinde=False) == [], "the other has made them"
    portal = create_portal(other).test_client()
    served = portal.get("/downloads/bebauungsplaene.geojson")
    assert sha256(served.data).hexdigest() == fresh.all()["bebauungsplaene.geojson"].sha256
    with store.away():
        assert portal.get("/downloads/bebauungsplaene.geojson").data == served.data, "there is a copy here"
        assert portal.get("/downloads/bebauungsplaene.gpkg").status_code == 503
        again = create_portal(other).test_client()
        assert again.get("/downloads/bebauungsplaene.geojson").status_code == 200, "also after a restart"
    store.awake(settings.bucket)
    reader.dispose()


def test_a_replaced_download_stays_for_an_hour_for_who_reads_an_older_page(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    folder = downloads_in(settings, settings.downloads)
    reader = reader_engine(settings.require_read_url())
    deliver(settings, engine, tmp_path, "Am Hang")
    filing.build_downloads(reader, settings, "bebauungsplaene")
    [before] = [each for each in folder.of("bebauungsplaene") if each.suffix == "geojson"]
    deliver(settings, engine, tmp_path, "Danach")
    filing.build_downloads(reader, settings, "bebauungsplaene")
    reader.dispose()
    assert before.sha256 in SharedArchive(tmp_path / "x", Bucket(settings.bucket, "downloads"), 0).sizes()  # type: ignore[arg-type]


def test_a_backup_of_a_shared_archive_comes_back(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    archive, place = archive_of(settings), place_of(str(tmp_path / "backups"))
    deliver(settings, engine, tmp_path, "Am Hang")
    made = backups.back_up(engine, archive, place, None)
    assert (len(made.files), made.missing) == (2, ())
    operations.sweep(engine, archive, seconds=-1)
    lost = sorted(made.files)[0]
    archive._bucket.remove(f"files/{lost[:2]}/{lost}")  # type: ignore[attr-defined]
    assert backups.back_up(engine, archive, place, None).missing == (lost,)
    backups.restore(engine, archive, place, None, made.moment)
    assert archive.sizes().keys() == made.files.keys()


def test_an_archive_moves_into_a_bucket_by_command(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    former = replace(settings, bucket=None)
    deliver(former, engine, tmp_path, "Am Hang")
    told = {**environment(settings), **environment_of(settings.bucket)}
    run = CliRunner()
    lacking = run.invoke(main, ["archive", "verify"], env=told)
    assert (lacking.exit_code, "2 von 2 Dateien fehlen" in lacking.output) == (1, True)
    filled = run.invoke(main, ["archive", "fill", str(former.archive)], env=told)
    assert (filled.exit_code, filled.output) == (0, "2 Dateien aufgenommen, 0 waren da\n")
    again = run.invoke(main, ["archive", "fill", str(former.archive)], env=told)
    assert again.output == "0 Dateien aufgenommen, 2 waren da\n"
    (former.archive / "aa").mkdir(exist_ok=True)
    write(former.archive / "aa" / ("a" * 64), "spoilt on its disk")
    spoilt = run.invoke(main, ["archive", "fill", str(former.archive)], env=told)
    assert (spoilt.exit_code, "0 Dateien aufgenommen, 2 waren da, 1 sind verdorben" in spoilt.output) == (1, True)
    (former.archive / "aa" / ("a" * 64)).unlink()
    assert run.invoke(main, ["archive", "verify"], env=told).exit_code == 0
    assert archive_of(settings).sizes() == Archive(former.archive).sizes()


def test_check_says_what_is_wrong_with_the_store(furnished: Settings, where: S3) -> None:
    told = {**environment(furnished), **environment_of(where)}
    right = CliRunner().invoke(main, ["check"], env=told)
    assert right.exit_code == 0, right.output
    found = CliRunner().invoke(main, ["check"], env=told | {"GEOPORTAL_ARCHIVE": "s3://nicht-da"})
    assert (found.exit_code, "NoSuchBucket" in found.output) == (1, True)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"GEOPORTAL_ARCHIVE": "/srv/archiv"}, "GEOPORTAL_ARCHIVE:"),
        ({"GEOPORTAL_ARCHIVE_ENDPOINT": "http://store.example"}, "GEOPORTAL_ARCHIVE_ENDPOINT"),
        ({"GEOPORTAL_ARCHIVE_ENDPOINT": "store.example"}, "GEOPORTAL_ARCHIVE_ENDPOINT"),
        ({"GEOPORTAL_ARCHIVE_SECRET": ""}, "GEOPORTAL_ARCHIVE_SECRET_FILE"),
        ({"GEOPORTAL_ARCHIVE_SECRET_FILE": "/nicht/da"}, "GEOPORTAL_ARCHIVE_SECRET_FILE"),
        ({"GEOPORTAL_ARCHIVE_CACHE_MB": "viel"}, "GEOPORTAL_ARCHIVE_CACHE_MB"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_settings_of_a_store_that_cannot_be_right_are_named(changed: dict[str, str], names: str) -> None:
    right = environment_of(S3("archiv", "", "https://store.example", "eu", "key", "secret"))
    assert Settings.from_env(right).bucket is not None
    with pytest.raises(SettingsError, match=names):
        Settings.from_env({**right, **changed})


def test_a_secret_is_never_written_by_accident(where: S3) -> None:
    assert "geheim" not in repr(replace(where, secret="geheim"))
