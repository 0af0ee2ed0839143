package main

import (
	"example.com/rollcall/wire"
)

// noticeLine tells a person what has become of a file that is meant for user.
func noticeLine(n wire.FileNotice, user string) string {
	owner, file := printable(n.File.Owner), printable(n.File.Name)+" ("+size(n.File.Size)+")"
	whose := owner + "'s " + file
	switch n.Event {
	case wire.FileOffered:
		return owner + " is sending " + file
	case wire.FileCompleted:
		return owner + " has sent " + file + ": rollcall get --user " + printable(user) + " " + n.File.ID.String()
	case wire.FileInterrupted:
		return whose + " is interrupted, and may go on"
	case wire.FileResumed:
		return whose + " goes on"
	case wire.FileAborted:
		return whose + " will not come: " + noticeCause(n)
	case wire.FileExpired:
		return whose + " is no longer kept: its time is over"
	case wire.FileRemoved:
		return owner + " has removed " + file
	default:
		return whose + ": " + n.Event.String()
	}
}

// noticeCause says why, and who did it.
func noticeCause(n wire.FileNotice) string {
	if n.By != "" {
		return n.Code.String() + " (by " + printable(n.By) + ")"
	}
	return n.Code.String()
}
