package transfer_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/transfer"
)

// The audience agrees with a list of pairs.
func TestAudienceModel(t *testing.T) {
	type pair struct {
		id   uint64
		user string
	}
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"ann", "bob", "cid"}), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, list := transfer.NewAudience(), map[pair]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				id, users := rapid.Uint64Range(1, 5).Draw(t, "id"), names.Draw(t, "users")
				a.Add(id, users)
				for _, u := range users {
					list[pair{id, u}] = true
				}
			},
			"remove": func(t *rapid.T) {
				id, users := rapid.Uint64Range(1, 5).Draw(t, "id"), names.Draw(t, "users")
				a.Remove(id, users)
				for _, u := range users {
					delete(list, pair{id, u})
				}
			},
			"": func(t *rapid.T) {
				with := 0
				for _, u := range []string{"ann", "bob", "cid"} {
					var want []uint64
					for id := range uint64(6) {
						if list[pair{id, u}] {
							want = append(want, id)
						}
					}
					if !slices.Equal(a.Of(u), want) || a.Count(u) != len(want) {
						t.Fatalf("for %s: %v, want %v", u, a.Of(u), want)
					}
					if len(want) > 0 {
						with++
					}
				}
				if a.Len() != with {
					t.Fatalf("%d users, want %d", a.Len(), with)
				}
			},
		})
	})
}
