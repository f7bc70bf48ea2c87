"""Events to an MQTT broker, for home automation and dashboards.

Topics, under the prefix of the broker's address; payloads are UTF-8:

    PREFIX/event          every event in order, as the JSON of `sernet.runtime.outputs.lines`, and `time`: when it was
                          known, UTC, ISO 8601
    PREFIX/state          the same of the newest answer, retained: who subscribes late knows it at once
    PREFIX/availability   "online" or "offline", retained; the broker itself says "offline" when we are gone

What is promised: an event that was handed over reaches the broker at least once (QoS 1), in order, also when the
broker dies and comes back, as long as no more than `queue` events wait. Then the oldest are dropped, counted and told.
An event may come twice when a connection breaks before the broker's receipt arrives, and only then. What the broker
does with an event after its receipt is the broker's: one without persistence forgets, when it dies, what a subscriber
has not fetched. What waits when our own process is killed is lost.

One message at a time is under way. So the order holds although paho-mqtt, after a reconnect, sends again what lacks a
receipt behind what is published meanwhile. And what waits stays here, where its oldest can be dropped: paho's own queue
refuses the newest instead.
"""

import json
import sys
import threading
import uuid
from collections import deque
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sernet.runtime.errors import SernetError
from sernet.runtime.live.events import LiveAnswer, LiveEvent
from sernet.runtime.outputs.broker import Broker
from sernet.runtime.outputs.output import Output
from sernet.runtime.outputs.trouble import Trouble

if TYPE_CHECKING:
    from paho.mqtt.client import Client

# A broker that answers nothing any more is noticed within twice this.
_KEEPALIVE_S = 30
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1, 60
# At the end, for what waits; and for saying goodbye.
_PATIENCE_S = 5.0
_GOODBYE_S = 1.0


class Mqtt(Output):
    """Publishes events from a thread of its own: nothing here waits for the network, except the end.

    A broker that cannot be reached, or refuses us, is told in one line and tried again, after 1 s at first and every
    minute at last. On leaving, what waits gets 5 s more; then it is told how many events were not delivered.

    Args:
        broker: where to.
        queue: events that may wait, at least 1.

    Raises:
        SernetError: paho-mqtt is missing.
    """

    def __init__(self, broker: Broker, queue: int) -> None:
        self._broker = broker
        self._trouble = Trouble(str(broker))
        self._changed = threading.Condition()  # guards all that follows; never held while paho is called
        self._waiting: deque[str] = deque(maxlen=queue)
        self._state: str | None = None  # the newest answer, until it is sent
        self._sending: str | None = None  # the topic of the message under way
        self._receipts: set[int] = set()  # message numbers
        self._dropped = self._dropped_before = 0  # events: since the connection was lost, and before
        self._connected = self._ending = False
        self._client = self._new_client()

    def __enter__(self) -> Self:
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()
        threading.Thread(target=self._send_all, name="mqtt-sender", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with self._changed:
                self._changed.wait_for(self._all_sent, timeout=_PATIENCE_S)
        finally:  # also after a second Ctrl-C
            with self._changed:
                self._ending = True
                self._changed.notify_all()
                left = len(self._waiting) + (self._sending == "event")
                lost = left + self._dropped + self._dropped_before
            self._say_goodbye()
            if lost:
                self._trouble.tell(f"events not delivered: {lost}")

    def event(self, event: LiveEvent) -> None:
        payload = json.dumps(event.to_json() | {"time": datetime.now(UTC).isoformat(timespec="milliseconds")})
        with self._changed:
            full = len(self._waiting) == self._waiting.maxlen
            self._waiting.append(payload)  # and drops the oldest when full
            self._dropped += full
            if isinstance(event, LiveAnswer):
                self._state = payload
            self._changed.notify_all()
        if full:
            self._trouble.begins(f"{self._waiting.maxlen} events wait; the oldest are dropped")

    def _all_sent(self) -> bool:
        return not (self._waiting or self._state or self._sending)

    # The sender's thread.

    def _send_all(self) -> None:
        while message := self._next():
            topic, payload = message
            # Also without a connection paho keeps the message, and sends it as soon as there is one.
            number = self._client.publish(self._topic(topic), payload, qos=1, retain=topic == "state").mid
            with self._changed:
                self._changed.wait_for(lambda number=number: number in self._receipts or self._ending)
                self._receipts.clear()
                if not self._ending:
                    self._sending = None
                    self._changed.notify_all()

    def _next(self) -> tuple[str, str] | None:
        """The next message, topic and payload, once there is one and a connection; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending or (self._connected and (self._waiting or self._state)))
            if self._ending:
                return None
            if self._waiting:
                self._sending = "event"
                return self._sending, self._waiting.popleft()
            self._sending, state, self._state = "state", self._state, None
            return self._sending, state or ""

    # The network's thread: paho's callbacks.

    def _on_connect(self, client: "Client", userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            return self._trouble.begins(f"refuses us: {reason}; trying again")
        # Without a receipt: it is of use on this connection only, and paho would send it again on each later one.
        client.publish(self._topic("availability"), "online", retain=True)
        with self._changed:
            self._connected = True
            dropped, self._dropped = self._dropped, 0
            self._dropped_before += dropped
            self._changed.notify_all()
        self._trouble.ends("connected" + (f"; events dropped: {dropped}" if dropped else ""))

    def _on_connect_fail(self, client: "Client", userdata: Any) -> None:
        problem = sys.exc_info()[1]  # paho calls from where it caught it
        why = getattr(problem, "strerror", None) or problem or "no connection"
        self._trouble.begins(f"cannot be reached: {why}; trying again")

    def _on_disconnect(self, client: "Client", userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._changed:
            was_connected, self._connected = self._connected, False
            self._changed.notify_all()
        # A refusal was told, and ends in this too.
        if (was_connected or not self._trouble) and not self._ending:
            self._trouble.begins("connection lost; trying again")

    def _on_publish(self, client: "Client", userdata: Any, number: int, reason: Any, properties: Any) -> None:
        with self._changed:
            self._receipts.add(number)
            self._changed.notify_all()

    def _new_client(self) -> "Client":
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise SernetError('MQTT needs paho-mqtt: pip install "sernet[mqtt]"') from None

        client = Client(CallbackAPIVersion.VERSION2, client_id=f"sernet-{uuid.uuid4().hex[:12]}")
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect, client.on_publish = self._on_disconnect, self._on_publish
        client.reconnect_delay_set(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        client.will_set(self._topic("availability"), "offline", qos=1, retain=True)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set()
        return client

    def _say_goodbye(self) -> None:
        """Close the connection. Not `loop_stop`: it waits for receipts, without end."""
        if self._connected:
            self._client.publish(self._topic("availability"), "offline", retain=True)
        self._client.disconnect()
        with self._changed:
            self._changed.wait_for(lambda: not self._connected, timeout=_GOODBYE_S)

    def _topic(self, name: str) -> str:
        return f"{self._broker.prefix}/{name}"
