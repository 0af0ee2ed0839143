package record

import "fmt"

var sideNames = [...]string{SideUnknown: "unknown", SideClient: "client", SideServer: "server"}

// String returns the side's name.
func (s Side) String() string {
	if int(s) < len(sideNames) {
		return sideNames[s]
	}
	return fmt.Sprintf("side_%d", uint8(s))
}

// MarshalText writes the side by name, for JSON.
func (s Side) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *Side) UnmarshalText(text []byte) error {
	for i, name := range sideNames {
		if name == string(text) {
			*s = Side(i) //nolint:gosec // one of three
			return nil
		}
	}
	var n uint8
	if _, err := fmt.Sscanf(string(text), "side_%d", &n); err != nil {
		return fmt.Errorf("record: unknown side %q", text)
	}
	*s = Side(n)
	return nil
}
