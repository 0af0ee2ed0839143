package main

import (
	"testing"

	"pgregory.net/rapid"
)

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "17B": 17, "1k": 1 << 10, "64KiB": 64 << 10, "2 MiB": 2 << 20, "16gib": 16 << 30,
		"1TiB": 1 << 40, "3KB": 3000, "5MB": 5e6, "1GB": 1e9, "7M": 7 << 20, " 8 ": 8,
	} {
		var b byteSize
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("%q is %d, %v, not %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "B", "KiB", "-1", "1.5GiB", "1XB", "9223372036854775808", "9000000TiB", "one"} {
		var b byteSize
		if err := b.Set(text); err == nil {
			t.Errorf("%q is %d", text, b)
		}
	}
}

// What a size writes, it reads.
func TestByteSizesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := byteSize(rapid.Int64Min(0).Draw(t, "bytes") << rapid.IntRange(0, 3).Draw(t, "shift") * 10)
		if b < 0 {
			return
		}
		var again byteSize
		if err := again.Set(b.String()); err != nil || again != b {
			t.Fatalf("%d becomes %s becomes %d, %v", int64(b), b.String(), int64(again), err)
		}
	})
}
