package wire

import (
	"reflect"
	"testing"
)

// byHand are the types that are decoded without the library.
var byHand = []Type{TypePing, TypePong, TypeSend, TypeDeliver, TypeAck}

// decodedAlike checks that a body that passes the profile is decoded by hand as it
// is by the library, or refused by both.
func decodedAlike(t *testing.T, typ Type, body []byte) {
	t.Helper()
	if checkProfile(body, shapes[typ]) != nil {
		return
	}
	got, want := newMessage(typ), newMessage(typ)
	done, err := decodeBody(got, body)
	if !done {
		t.Fatalf("%s is not decoded by hand", typ)
	}
	wantErr := decoding.Unmarshal(body, want)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%s % x: %v, and by the library %v", typ, body, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s % x: %+v, and by the library %+v", typ, body, got, want)
	}
	if typ == TypeSend {
		wantMessage, wantErr := Decode(typ, body)
		for _, to := range []string{"", "a", "bob", "\x00"} {
			m, err := DecodeSend(body, to)
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() ||
				err == nil && !reflect.DeepEqual(&m, wantMessage) {
				t.Fatalf("% x, %q: %+v, %v, and by Decode %+v, %v", body, to, m, err, wantMessage, wantErr)
			}
		}
	}
	if typ == TypePong {
		p, err := DecodePong(body)
		if (err == nil) != (wantErr == nil) || err == nil && p != *want.(*Pong) {
			t.Fatalf("% x: %+v, %v, and by the library %+v, %v", body, p, err, want, wantErr)
		}
	}
	if typ == TypePing {
		p, err := DecodePing(body)
		if (err == nil) != (wantErr == nil) || err == nil && p != *want.(*Ping) {
			t.Fatalf("% x: %+v, %v, and by the library %+v, %v", body, p, err, want, wantErr)
		}
	}
}

// FuzzDecodeByHand: what is decoded without the library is the same as with it.
func FuzzDecodeByHand(f *testing.F) {
	for i := range byHand {
		for _, frame := range goldenFrames(f) {
			if len(frame) >= HeaderSize {
				f.Add(uint8(i), frame[HeaderSize:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, of uint8, body []byte) {
		decodedAlike(t, byHand[int(of)%len(byHand)], body)
	})
}

// Every kind of value under every key, alone and behind another, is taken or
// refused as the library does.
func TestDecodeByHandIsTheLibrarys(t *testing.T) {
	values := [][]byte{
		{0x00}, {0x14}, {0x15}, {0x18, 0xff}, {0x19, 1, 0}, {0x1a, 1, 0, 0, 0}, {0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0}, {0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x18, 0x01},
		{0x20}, {0x34}, {0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0},
		{0x40}, {0x41, 0x61}, {0x60}, {0x61, 0x61}, {0x62, 0xc3, 0xa9}, {0x61, 0x00}, {0x80}, {0x82, 0x01, 0x02}, {0xa0}, {0xa1, 0x01, 0x02},
		{0xf4}, {0xf5}, {0xf9, 0x3c, 0x00}, {0xfa, 0x3f, 0x80, 0, 0}, {0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0}, {0xf9, 0x7c, 0x00},
	}
	for _, typ := range byHand {
		for key := byte(0); key < 9; key++ {
			for _, v := range values {
				decodedAlike(t, typ, append([]byte{0xa1, key}, v...))
				for _, w := range values {
					two := append(append([]byte{0xa2, key}, v...), key+1)
					decodedAlike(t, typ, append(two, w...))
				}
			}
		}
	}
}

// A ping is decoded to a value with the errors of Decode, and without memory.
func TestDecodePing(t *testing.T) {
	for _, body := range [][]byte{nil, {0x80}, {0xa1, 0x01}, {0xa1, 0x01, 0x61, 0x61}, {0xa2, 0x01, 0x01, 0x01, 0x02}, {0xa1, 0x01, 0x05}, {0xa0}, {0xa1, 0x07, 0x80}} {
		m, want := Decode(TypePing, body)
		p, err := DecodePing(body)
		if (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() || err == nil && p != *m.(*Ping) {
			t.Errorf("% x: %+v, %v, and by Decode %+v, %v", body, p, err, m, want)
		}
	}
	body := []byte{0xa1, 0x01, 0x1b, 1, 2, 3, 4, 5, 6, 7, 8}
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodePing(body) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A pong is decoded to a value with the errors of Decode, and without memory.
func TestDecodePong(t *testing.T) {
	for _, body := range [][]byte{nil, {0x80}, {0xa1, 0x01}, {0xa1, 0x01, 0x61, 0x61}, {0xa2, 0x01, 0x01, 0x01, 0x02}, {0xa1, 0x01, 0x05}, {0xa0}, {0xa1, 0x07, 0x80}, {0xa1, 0x02, 0x61, 0x61}, {0xa2, 0x01, 0x05, 0x02, 0x18, 0x20}} {
		m, want := Decode(TypePong, body)
		p, err := DecodePong(body)
		if (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() || err == nil && p != *m.(*Pong) {
			t.Errorf("% x: %+v, %v, and by Decode %+v, %v", body, p, err, m, want)
		}
	}
	body := []byte{0xa2, 0x01, 0x1b, 1, 2, 3, 4, 5, 6, 7, 8, 0x02, 0x05}
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodePong(body) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A send is decoded to a value whose data is a part of what it came in, and without
// memory where the recipient is known.
func TestDecodeSend(t *testing.T) {
	frame, err := Append(nil, &Send{ID: 7, To: "bob", Body: []byte("hello"), NoAck: true})
	if err != nil {
		t.Fatal(err)
	}
	body := frame[HeaderSize:]
	m, err := DecodeSend(body, "bob")
	if err != nil || m.ID != 7 || m.To != "bob" || string(m.Body) != "hello" || !m.NoAck {
		t.Fatalf("%+v, %v", m, err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodeSend(body, "bob") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if cap(m.Body) != len(m.Body) {
		t.Error("who appends to it writes over what follows")
	}
	m.Body[0] = 'j'
	if again, err := DecodeSend(body, "ann"); err != nil || string(again.Body) != "jello" || again.To != "bob" {
		t.Errorf("%+v, %v", again, err)
	}
}
