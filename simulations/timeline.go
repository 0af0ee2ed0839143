package simulations

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// Moment is one thing in a client's life.
type Moment struct {
	At   time.Duration `json:"at"`
	Lane string        `json:"lane"` // "fault", "link", "session", "server"
	What string        `json:"what"`
	On   bool          `json:"on,omitempty"` // a link or a session begins
}

// keptMoments bounds what is kept of one client's life.
const keptMoments = 2000

// moment notes a moment in the life of the client that a run follows.
func (w *World) moment(c *host, lane, what string, on bool) {
	if w.follow == nil || (c != nil && c != w.follow) || len(w.moments) >= keptMoments {
		return
	}
	w.moments = append(w.moments, Moment{w.now(), lane, what, on})
}

// session notes that the user of the client that is followed came or went.
func (w *World) session(user, what string, on bool) {
	if w.follow != nil && w.followed == user {
		w.moment(w.follow, "session", what, on)
	}
}

// Timeline draws what one client lived through as SVG: above, its links and its
// sessions as bars; below, the faults and the server's crashes and stalls.
func Timeline(title string, lived time.Duration, moments []Moment) string {
	const width, left, row = 1200, 90, 26
	lanes := []string{"link", "session", "fault", "server"}
	x := func(at time.Duration) float64 {
		return left + float64(width-left-20)*float64(at)/float64(max(lived, 1))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`, width, 70+len(lanes)*row)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="10" y="20" font-size="14">%s</text>`, html.EscapeString(title))
	for i, lane := range lanes {
		y := 40 + i*row
		fmt.Fprintf(&b, `<text x="10" y="%d">%s</text><line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/>`, y+12, lane, left, width-20, y+20, y+20)
		var began time.Duration
		open, name := false, ""
		bar := func(end time.Duration, why string) {
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="14" fill="%s"><title>%s, %v to %v: %s</title></rect>`,
				x(began), y+3, max(x(end)-x(began), 1), map[string]string{"link": "#8ab6d6", "session": "#8fce9b"}[lane], html.EscapeString(name), began, end, html.EscapeString(why))
		}
		for _, m := range moments {
			switch {
			case m.Lane != lane:
			case lane == "fault" || lane == "server":
				fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#c0392b" stroke-width="2"><title>%v: %s</title></line>`,
					x(m.At), x(m.At), y+2, y+18, m.At, html.EscapeString(m.What))
			case m.On:
				if open {
					bar(m.At, "goes on")
				}
				open, began, name = true, m.At, m.What
			case open:
				bar(m.At, m.What)
				open = false
			}
		}
		if open {
			bar(lived, "to the end")
		}
	}
	for i := range 11 {
		at := lived * time.Duration(i) / 10
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#777" text-anchor="middle">%v</text>`, x(at), 58+len(lanes)*row, at.Round(time.Second))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
