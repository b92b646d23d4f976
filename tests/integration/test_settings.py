"""The settings: documented as they are, and refused without being repeated."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from entrypoints.settings import Settings, load_settings
from foundation.kernel.rate_limit import RateLimit
from foundation.setting_values import AuthMode, RateLimitStore, SettingsError, Storage

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
NAMES = {name.upper() for name in Settings.model_fields}
MARKER = "zu4h marker"


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting in the environment and no `.env` in the directory."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def examples(text: str) -> dict[str, str]:
    """The settings that the example shows, and the values it shows as their defaults."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert examples(text).keys() == NAMES
    assert len(re.findall(r"^#[A-Z_]+=", text, re.MULTILINE)) == len(NAMES)


def test_every_setting_of_the_example_is_explained_above_it() -> None:
    paragraphs = EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")[1:]
    assert len(paragraphs) == len(NAMES)
    for paragraph in paragraphs:
        *explanation, setting = paragraph.splitlines()
        assert re.fullmatch(r"#[A-Z_]+=.*", setting)
        assert explanation
        assert all(line.startswith("# ") for line in explanation)


def test_a_copy_of_the_example_changes_nothing(tmp_path: Path) -> None:
    untouched = load_settings()
    (tmp_path / ".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert dotenv_values(tmp_path / ".env") == {}
    assert load_settings() == untouched


def test_the_defaults_of_the_example_are_the_defaults(tmp_path: Path) -> None:
    defaults = load_settings()
    lines = [f"{name}={value}" for name, value in examples(EXAMPLE.read_text(encoding="utf-8")).items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert len(dotenv_values(tmp_path / ".env")) == len(NAMES)
    assert load_settings() == defaults


def test_each_default_of_the_example_is_read_from_the_file(tmp_path: Path) -> None:
    """Or else the test above would pass whatever the file says."""
    (tmp_path / ".env").write_text("SERVER_PORT=8001\nDATABASE_LOCK_TIMEOUT=2.5\n", encoding="utf-8")
    settings = load_settings()
    assert (settings.server_port, settings.database_lock_timeout.total_seconds()) == (8001, 2.5)


@pytest.mark.parametrize("name", sorted(NAMES - {"SERVER_HOST", "PG_BINDIR", "TENANT"}))
def test_a_refused_value_is_not_repeated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every text is the name of a host or of a directory until it is looked up, and most are names of tenants.
    monkeypatch.setenv(name, MARKER)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value).startswith(f"{name} ")
    assert MARKER not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_every_refused_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVER_PORT", "LOG_LEVEL"):
        monkeypatch.setenv(name, MARKER)
    with pytest.raises(SettingsError, match=r"SERVER_PORT .*; LOG_LEVEL "):
        load_settings()


@pytest.mark.parametrize("seconds", ["0", "-1", "3601", "nan", "inf", "1e400", "5s", "P5D", "00:05", ""])
def test_a_time_is_a_sensible_number_of_seconds(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL_TIMEOUT", seconds)
    with pytest.raises(SettingsError, match=r"^DATABASE_POOL_TIMEOUT must be "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("SERVER_PORT", "65536"), ("SERVER_PORT", "-1"), ("SERVER_WORKERS", "0"), ("DATABASE_POOL_SIZE", "0"),
     ("TENANT", "acme\tcorp"), ("TENANT", "a" * 101),
     ("LOG_LEVEL", "info"), ("ALLOW_PUBLIC_BIND", "maybe"), ("CURSOR_KEY", "x" * 31),
     *(("RATE_LIMIT", limit) for limit in ("100", "0/1m", "100/1d", "1/2h", "[100, 60]")),
     ("RATE_LIMIT_BY_ADDRESS", "many"), ("RATE_LIMIT_STORE", "redis"),
     ("FAILED_AUTHENTICATION_LIMIT", ""), ("FAILED_AUTHENTICATION_LIMIT", "0/1m"),
     *(("TRUSTED_PROXIES", proxies) for proxies in ("10.0.0.1/8", "proxy.example.com", "10.0.0.1 10.0.0.2", "*")),
     *(("PUBLIC_PATH", path) for path in ("shop", "/", "/shop/", "//shop", "/shop/../etc", "/shop?a", "/a\nb: c"))],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} "):
        load_settings()


def test_a_limit_of_principals_needs_principals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT", "100/1m")
    with pytest.raises(SettingsError, match="use RATE_LIMIT_BY_ADDRESS"):
        load_settings()


def test_limits_and_proxies_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "AUTH_MODE": "api-keys",
        "RATE_LIMIT": "100/1m",
        "RATE_LIMIT_BY_ADDRESS": "10/s",
        "RATE_LIMIT_STORE": "database",
        "FAILED_AUTHENTICATION_LIMIT": "5/1h",
        "TRUSTED_PROXIES": "10.0.0.7, fd00::/8,,192.0.2.0/24",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.rate_limit, settings.rate_limit_by_address) == (RateLimit(100, 60), RateLimit(10, 1))
    assert settings.rate_limit_store is RateLimitStore.DATABASE
    assert settings.failed_authentication_limit == RateLimit(5, 3600)
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.7/32", "fd00::/8", "192.0.2.0/24"]


def test_without_a_setting_only_failed_authentication_is_limited() -> None:
    settings = load_settings()
    assert (settings.rate_limit, settings.rate_limit_by_address) == (None, None)
    assert settings.failed_authentication_limit == RateLimit(20, 60)
    assert settings.rate_limit_store is RateLimitStore.WORKER
    assert settings.trusted_proxies == ()


def test_memory_has_no_database_to_count_in() -> None:
    with pytest.raises(
        SettingsError, match=r"^RATE_LIMIT_STORE=database needs a database, and DATABASE_URL is memory:"
    ):
        load_settings(database_url="memory://", rate_limit_store="database")
    load_settings(database_url="memory://", rate_limit_store="worker")


def test_the_secrets_are_not_in_the_representation() -> None:
    settings = load_settings(
        database_url="postgresql+psycopg://service:the-password@localhost/service", cursor_key="the-password" * 3
    )
    assert "the-password" not in repr(settings)
    assert "the-password" not in str(settings)


@pytest.mark.parametrize("storage", Storage)
def test_the_scheme_of_the_url_names_the_storage(storage: Storage) -> None:
    assert load_settings(database_url=f"{storage.value}://somewhere").storage is storage


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_may_be_bound(host: str) -> None:
    load_settings().check_serving(host=host, workers=1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "", "example.com", "localhost.example.com"])  # noqa: S104 -- refused
def test_an_address_that_others_reach_may_be_bound_on_demand_only(host: str) -> None:
    with pytest.raises(SettingsError, match="ALLOW_PUBLIC_BIND"):
        load_settings().check_serving(host=host, workers=1)
    load_settings(allow_public_bind=True).check_serving(host=host, workers=1)


def test_the_default_database_has_a_directory_to_be_in(tmp_path: Path) -> None:
    load_settings(database_url="memory://")
    assert not (tmp_path / "var").exists()
    load_settings()
    assert (tmp_path / "var").is_dir()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(SettingsError, match=r"^The directory var for the embedded database cannot be made: "):
        load_settings()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('DATABASE_URL="memory://\n', 1),
        ("# where\n\nDATABASE_URL: memory://\n", 3),
        ("LOG_LEVEL=INFO\nSERVER_PORT\n", 2),
        ("LOG_LEVEL=INFO\n\nLOG_LEVEL=DEBUG\n", 3),
        ("SERVER_PORT='8001' 8002\n", 1),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_number(tmp_path: Path, content: str, line: int) -> None:
    (tmp_path / ".env").write_text(content)
    with pytest.raises(SettingsError, match=rf"^\.env, line {line}: ") as refusal:
        load_settings()
    assert "memory" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"LOG_LEVEL=\xff")
    with pytest.raises(SettingsError, match="not valid UTF-8"):
        load_settings()
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: "):
        load_settings()


def test_a_dollar_sign_has_no_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "expanded")
    for quote in ("", "'", '"'):
        url = "postgresql+psycopg://u:${HOME}$HOME@host/name"
        (tmp_path / ".env").write_text(f"DATABASE_URL={quote}{url}{quote}\n")
        assert load_settings().database_url == url


@pytest.mark.parametrize("name", ["ALLOWED_HOST", "DATABSE_URL", "DATABASE_POOLSIZE", "server_ports"])
def test_a_name_that_is_nearly_that_of_a_setting_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}=1\n")
    with pytest.raises(SettingsError, match=rf"^\.env, line 1: {name.upper()} is no setting; "):
        load_settings()
    (tmp_path / ".env").unlink()
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"^{name.upper()} is no setting; "):
        load_settings()


def test_names_of_other_programs_are_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_HOST", "SERVER_NAME", "SERVER_SOFTWARE", "PGPASSWORD", "TEST_DATABASE_URL"):
        monkeypatch.setenv(name, "x")
    (tmp_path / ".env").write_text("COMPOSE_PROJECT_NAME=x\nexport POSTGRES_PASSWORD='a b'\n")
    load_settings()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("memory://", "memory"),
        ("sqlite+aiosqlite:///var/service.db", "SQLite, var/service.db"),
        (
            "postgresql+psycopg://role:p%40ss@db.example.com:5432/users?sslpassword=x",
            "PostgreSQL, db.example.com:5432/users",
        ),
    ],
)
def test_the_place_of_the_data_is_told_without_secrets(url: str, place: str) -> None:
    assert load_settings(database_url=url).place == place


def test_the_place_of_a_replica_is_told_without_secrets() -> None:
    url = "postgresql+psycopg://role:p%40ss@{}/users"
    settings = load_settings(database_url=url.format("primary"), database_read_url=url.format("standby"))
    assert settings.place == "PostgreSQL, primary/users; lists and exports: standby/users"
    assert "p%40ss" not in repr(settings)


def test_a_replica_of_another_storage_is_refused() -> None:
    with pytest.raises(SettingsError, match="names another storage"):
        load_settings(database_read_url="postgresql+psycopg://standby/users")


API_KEYS = {"AUTH_MODE": "api-keys"}
OIDC = {"OIDC_ISSUER": "https://login.example", "OIDC_AUDIENCE": "service"}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AUTH_MODE": "oidc"}, "AUTH_MODE=oidc needs OIDC_ISSUER"),
        ({"AUTH_MODE": "oidc", "OIDC_ISSUER": OIDC["OIDC_ISSUER"]}, "AUTH_MODE=oidc needs OIDC_AUDIENCE"),
        ({"AUTH_MODE": "oidc", "OIDC_AUDIENCE": OIDC["OIDC_AUDIENCE"]}, "AUTH_MODE=oidc needs OIDC_ISSUER"),
        (API_KEYS | {"OIDC_ISSUER": OIDC["OIDC_ISSUER"]}, "OIDC_ISSUER is set, and AUTH_MODE does not include oidc"),
        ({"OIDC_AUDIENCE": OIDC["OIDC_AUDIENCE"]}, "OIDC_AUDIENCE is set, and AUTH_MODE does not include oidc"),
        ({"OIDC_OWNER_CLAIM": "sub"}, "OIDC_OWNER_CLAIM is set, and AUTH_MODE does not include oidc"),
        (API_KEYS | {"OIDC_TENANT_CLAIM": "org"}, "OIDC_TENANT_CLAIM is set, and AUTH_MODE does not include oidc"),
        ({"AUTH_MODE": "oidc", **OIDC, "OIDC_ISSUER": "http://login.example"}, "OIDC_ISSUER must be an https address"),
        ({"ACCESS_POLICY": "own-users"}, "ACCESS_POLICY=own-users needs to know who asks: set AUTH_MODE."),
        (
            {"AUTH_MODE": "api-keys,oidc", **OIDC, "ACCESS_POLICY": "own-users"},
            "ACCESS_POLICY=own-users needs OIDC_OWNER_CLAIM",
        ),
        ({"ACCESS_POLICY": "none"}, "ACCESS_POLICY "),
        (API_KEYS | {"DATABASE_URL": "memory://"}, "AUTH_MODE=api-keys needs a storage that `keys create` reaches"),
        ({"AUTH_MODE": "passwords"}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc"),
        ({"AUTH_MODE": ""}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc"),
        ({"AUTH_MODE": "API-KEYS"}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc"),
        ({"AUTH_MODE": "disabled,oidc", **OIDC}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc"),
        ({"AUTH_MODE": "api-keys,", **OIDC}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc"),
    ],
)
def test_settings_that_would_not_protect_as_they_say_are_refused(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], reason: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(reason)
    assert str(refused.value).endswith(".")
    assert str(refused.value).count(". ") == 0


@pytest.mark.parametrize(
    ("settings", "modes"),
    [
        ({}, set()),
        ({"AUTH_MODE": "disabled"}, set()),
        (API_KEYS, {AuthMode.API_KEYS}),
        ({"AUTH_MODE": "oidc", **OIDC}, {AuthMode.OIDC}),
        ({"AUTH_MODE": " oidc , api-keys ", **OIDC}, {AuthMode.API_KEYS, AuthMode.OIDC}),
        (
            {"AUTH_MODE": "oidc", **OIDC, "OIDC_OWNER_CLAIM": "uid", "ACCESS_POLICY": "own-users"},
            {AuthMode.OIDC},
        ),
        ({"AUTH_MODE": "oidc", **OIDC, "DATABASE_URL": "memory://"}, {AuthMode.OIDC}),
    ],
)
def test_credentials_of_each_kind_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], modes: set[AuthMode]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert load_settings().auth_mode == modes
