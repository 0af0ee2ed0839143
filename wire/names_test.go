package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

// TestNumbersNeverChange spells the numbers out a second time: changing one in
// the constants alone fails here.
func TestNumbersNeverChange(t *testing.T) {
	for i, name := range []string{
		"none", "bye", "eof", "reset", "heartbeat_timeout", "handshake_timeout", "protocol_error",
		"frame_too_large", "slow_consumer", "write_failed", "kicked", "replaced", "login_refused",
		"panic", "server_shutdown", "node_lost", "version_unsupported", "too_many_connections", "logout",
	} {
		if have := Reason(i).String(); have != name {
			t.Errorf("reason %d is %s, want %s", i, have, name)
		}
	}
	for i, name := range []string{
		"none", "user_offline", "not_logged_in", "already_logged_in", "login_refused", "unknown_kind",
		"bad_request", "too_large", "too_many", "internal", "unsupported", "shutting_down", "replaced",
		"already_online", "handler_failed", "not_found", "not_allowed", "storage_full", "quota_exceeded",
		"storage_failed", "checksum_mismatch", "size_mismatch", "file_too_large", "declined", "cancelled",
		"interrupted", "expired", "removed", "window_exceeded",
	} {
		if have := Code(i).String(); have != name {
			t.Errorf("code %d is %s, want %s", i, have, name)
		}
	}
	for i, name := range []string{
		"type_0", "hello", "welcome", "login", "login_ok", "logout", "ok", "ping", "pong", "watch", "unwatch",
		"snapshot", "delta", "send", "deliver", "ack", "app", "request", "response", "error", "bye", "type_21",
	} {
		if have := Type(i).String(); have != name {
			t.Errorf("type %d is %s, want %s", i, have, name)
		}
	}
	for i, name := range []string{
		"type_31", "put", "put_ok", "get", "get_ok", "chunk", "credit", "done", "abort", "offer", "accept",
		"file_notice", "files", "file_list", "remove", "type_46",
	} {
		if have := Type(31 + i).String(); have != name {
			t.Errorf("type %d is %s, want %s", 31+i, have, name)
		}
	}
	for i, name := range []string{
		"none", "offered", "completed", "interrupted", "resumed", "aborted", "expired", "removed", "event_8",
	} {
		if have := FileEvent(i).String(); have != name {
			t.Errorf("event %d is %s, want %s", i, have, name)
		}
	}
}

// TestTypesOfMessages: each type makes the message that has this type.
func TestTypesOfMessages(t *testing.T) {
	for _, typ := range Types() {
		m := newMessage(typ)
		if m == nil || m.Type() != typ || !typ.Known() {
			t.Errorf("%s makes %T", typ, m)
		}
	}
	for _, typ := range []Type{0, 21, 31, typeCount, 255} {
		if newMessage(typ) != nil || typ.Known() || typ.FromClient() || typ.FromServer() {
			t.Errorf("%s is known", typ)
		}
	}
}

// TestNamesAsText: every number goes through JSON and comes back, those of
// later versions too; anything else is refused and changes nothing.
func TestNamesAsText(t *testing.T) {
	for n := range 256 {
		text, err := json.Marshal(map[string]any{"r": Reason(n), "c": Code(n), "e": FileEvent(n)})
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			R Reason
			C Code
			E FileEvent
		}
		if err := json.Unmarshal(text, &back); err != nil || back.R != Reason(n) || back.C != Code(n) || back.E != FileEvent(n) {
			t.Errorf("%s came back as %d, %d and %d, %v", text, back.R, back.C, back.E, err)
		}
	}
	for _, text := range []string{"", "nonsense", "reason_", "reason_256", "reason_-1", "reason_5x", "reason_ 5", "code_256", "event_256", "EOF", "eof "} {
		r, c, e := ReasonKicked, CodeTooMany, FileRemoved
		if r.UnmarshalText([]byte(text)) == nil || c.UnmarshalText([]byte(text)) == nil || e.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken for %s, %s or %s", text, r, c, e)
		}
		if r != ReasonKicked || c != CodeTooMany || e != FileRemoved {
			t.Errorf("%q changed them to %s, %s and %s", text, r, c, e)
		}
	}
}

func TestListsAreWhole(t *testing.T) {
	if n := len(Reasons()); n != int(reasonCount)-1 || Reasons()[0] != ReasonBye || Reasons()[n-1] != ReasonLogout {
		t.Errorf("reasons %v", Reasons())
	}
	if n := len(Codes()); n != codeCount-1 || Codes()[0] != CodeUserOffline || Codes()[n-1] != CodeWindowExceeded {
		t.Errorf("codes %v", Codes())
	}
	if n := len(FileEvents()); n != fileEventCount-1 || FileEvents()[0] != FileOffered || FileEvents()[n-1] != FileRemoved {
		t.Errorf("events %v", FileEvents())
	}
	if n := len(Types()); n != 34 || Types()[19] != TypeBye || Types()[20] != TypePut || Types()[n-1] != TypeRemove {
		t.Errorf("types %v", Types())
	}
}

// TestCodeIsAnError: a caller matches a peer's refusal with errors.Is.
func TestCodeIsAnError(t *testing.T) {
	err := fmt.Errorf("sending: %w", CodeUserOffline)
	if !errors.Is(err, CodeUserOffline) || errors.Is(err, CodeInternal) {
		t.Errorf("%v", err)
	}
	if err.Error() != "sending: rollcall: user_offline" {
		t.Errorf("%v", err)
	}
}

// TestValidFileName: a name is data, so what would be dangerous as a path is legal,
// and what would lie to a reader of it is not. guards N26
func TestValidFileName(t *testing.T) {
	for _, good := range []string{"a", "../../etc/passwd", "/", "C:\\x", "..", ".", "Zoë 🐢.txt", " ", long(255)} {
		if err := ValidFileName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a\x00", "a\n", "\x1b[2J", "\u009f", "\xff", long(256), long(64 << 10)} {
		if err := ValidFileName(bad); !errors.Is(err, ErrField) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if id := FileID([]byte{0, 1, 0xfe}).String(); id != "0001fe" {
		t.Errorf("an ID reads %q", id)
	}
}

func TestValidNames(t *testing.T) {
	for name, valid := range map[string]func(string) error{
		"user": ValidUser, "identifier": ValidIdentifier, "kind": ValidKind,
	} {
		if err := valid("Zoë 🐢"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, bad := range []string{"", "a\x00", "a\r", "\u009f", "\xff", long(129)} {
			if err := valid(bad); !errors.Is(err, ErrField) {
				t.Errorf("%s %q: %v", name, bad, err)
			}
		}
	}
}
