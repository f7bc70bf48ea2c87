"""A broker's address, as people write it."""

from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.runtime.outputs.broker import Broker, broker_at


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://host", Broker("host", 1883, "sernet")),
        ("mqtt://host/", Broker("host", 1883, "sernet")),
        ("mqtts://host/home/study/", Broker("host", 8883, "home/study", tls=True)),
        ("mqtt://me@10.0.0.1:1884/a", Broker("10.0.0.1", 1884, "a", user="me", password="secret")),
        ("mqtt://me%40home@[::1]:1/my%20room", Broker("::1", 1, "my room", user="me@home", password="secret")),
    ],
)
def test_an_address_says_where_and_as_whom(url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "secret")
    assert broker_at(url) == broker


def test_a_password_file_comes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "secret")
    (tmp_path / "password").write_text("from the file \n")
    assert broker_at("mqtt://me@host", tmp_path / "password").password == "from the file "
    assert broker_at("mqtt://host", tmp_path / "password").password is None


def test_neither_user_nor_password_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "secret")
    assert str(broker_at("mqtts://me@[::1]/a")) == "mqtts://[::1]:8883"
    assert "secret" not in repr(broker_at("mqtt://me@host"))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mqtt://me:secret@host", "--mqtt-password-file"),
        ("me:secret@host", "mqtt://user@host:1883"),
        ("http://me:secret@host", "mqtt://user@host:1883"),
        ("host", "mqtt://user@host:1883"),
        ("http://host", "mqtt://user@host:1883"),
        ("mqtt://", "mqtt://user@host:1883"),
        ("mqtt:///topic", "mqtt://user@host:1883"),
        ("mqtt://host:0x1/a", "mqtt://user@host:1883"),
        ("mqtt://host:99999/a", "mqtt://user@host:1883"),
        ("mqtt://host/a?qos=2", "mqtt://user@host:1883"),
        ("mqtt://host/a#b", "mqtt://user@host:1883"),
        ("mqtt://[::1/a", "mqtt://user@host:1883"),
        (f"mqtt://{'a' * 64}.org", "mqtt://user@host:1883"),
        ("mqtt://host/a/+/b", "no + and no #"),
        ("mqtt://host/a%23", "no + and no #"),
    ],
)
def test_an_address_that_is_none_is_refused_in_one_line(url: str, says: str) -> None:
    with pytest.raises(SernetError) as refusal:
        broker_at(url)
    assert says in str(refusal.value) and "\n" not in str(refusal.value)
    assert "secret" not in str(refusal.value)
