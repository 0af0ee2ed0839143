package record

import (
	"fmt"

	"example.com/rollcall/wire"
)

// telling is how one reason is told.
type telling struct {
	what    string // what happened: "… and the client …"
	because string // why we say so
	unknown string // what the reason leaves open; empty: nothing
}

// tell gives the telling of the account's reason.
func (a *Account) tell(w words) telling {
	d := a.Departure
	if d == nil {
		d = &Departure{}
	}
	switch a.Reason {
	case wire.ReasonBye:
		return telling{"the client said goodbye and closed the connection", "Its goodbye was received" + said(d) + ".",
			"We do not know whether the person closed the program or the program did so by itself."}
	case wire.ReasonEOF:
		where := "between two messages"
		if d.MidFrame {
			where = "in the middle of a message"
		}
		return telling{"the connection was closed from the client's side without a goodbye", "The stream ended " + where + "; " + lastHeard(w, a, d) + ".",
			"We do not know whether the client's program ended, was killed, or closed the connection on purpose: the operating system closes it in the same way."}
	case wire.ReasonReset:
		return telling{"the connection was reset from the client's side", "The transport reported a reset" + failure(d) + "; " + lastHeard(w, a, d) + ".",
			"We do not know whether the client's machine did that or a device on the way, such as a firewall."}
	case wire.ReasonHeartbeatTimeout:
		return telling{"the client had stopped answering, and the server gave it up", silence(w, a, d),
			"We do not know whether the client's network or its process failed: it just stopped answering."}
	case wire.ReasonHandshakeTimeout:
		return telling{"the client did not introduce itself in time, and the server gave it up", fmt.Sprintf("No complete hello came within %s of the connection.", span(a.At-d.Accepted)),
			"We do not know who it was: without a hello there is no name."}
	case wire.ReasonProtocolError:
		return telling{"the client sent something that the protocol does not allow, and the server ended the connection", "What came could not be accepted" + said(d) + failure(d) + ".",
			"We do not know whether the client has a defect or its data was changed on the way."}
	case wire.ReasonFrameTooLarge:
		return telling{"the client sent a message that is larger than the limit, and the server ended the connection", "The announced length was over the limit" + said(d) + failure(d) + ".",
			"We do not know what the message was: it was not read."}
	case wire.ReasonSlowConsumer:
		return telling{"the client did not read fast enough, and the server ended the connection",
			fmt.Sprintf("%s (%d bytes) waited to be sent to it, which is the limit; %s.", count(d.QueueFrames, "message"), d.QueueBytes, lastSent(w, d)),
			"We do not know whether the client was too slow, or the network to it."}
	case wire.ReasonWriteFailed:
		return telling{"the server could not send to the client any more", "The transport refused to write" + failure(d) + "; " + lastSent(w, d) + ".",
			"We do not know what broke the connection: a failed write does not say."}
	case wire.ReasonKicked:
		return telling{"an operator or the program around the server ended the connection", "The server was told to end it" + said(d) + ".",
			"We do not know who gave the order, beyond what the detail says."}
	case wire.ReasonReplaced:
		by := "a newer connection"
		if d.Rival != 0 {
			by = fmt.Sprintf("the newer connection %d", d.Rival)
			if d.RivalRemote != "" {
				by += " from " + d.RivalRemote
			}
		}
		return telling{by + " took its place", "The newer one came from the same client, or logged in as the same user where one session is allowed" + said(d) + ".",
			"We do not know whether the client came back by itself or was started a second time."}
	case wire.ReasonLoginRefused:
		return telling{"its login was refused, and the server ended the connection", "The login was not accepted" + said(d) + failure(d) + ".",
			"We do not know who tried: a refused login proves no identity."}
	case wire.ReasonPanic:
		return telling{"a defect in the server ended the connection", "The server's own code for this connection failed" + failure(d) + said(d) + ". It is not the client's fault.",
			"We do not know what set the defect off, beyond the error; the server's log has more."}
	case wire.ReasonServerShutdown:
		return telling{"the server was shut down in an orderly way", "The server ended all its connections" + said(d) + ".", ""}
	case wire.ReasonNodeLost:
		return a.lostTelling(w)
	case wire.ReasonVersionUnsupported:
		return telling{"the client speaks no version of the protocol that the server speaks, and was turned away", "The versions offered were not among ours" + said(d) + ".", ""}
	case wire.ReasonTooMany:
		return telling{"the server held as many connections as it may, and turned this one away", "The limit was reached when it came" + said(d) + ".", "We do not know who it was: it was turned away before it could say."}
	case wire.ReasonLogout:
		what := "the user logged out"
		if a.Departure == nil {
			what += "; the connection went on"
		}
		return telling{what, "The logout was received" + said(d) + ".", "We do not know whether the person logged out or the program did so by itself."}
	default:
		return telling{fmt.Sprintf("it ended with the reason %q", a.Reason), "That is the reason on record" + said(d) + failure(d) + ".",
			"This version does not know the reason; a newer one may tell more."}
	}
}

// lostTelling tells of a user who was lost with the server.
func (a *Account) lostTelling(w words) telling {
	crash, because := "the server itself had died", "The server began again without having ended in an orderly way"
	alive := int64(0)
	if a.Lost != nil {
		alive = a.Lost.LastAlive
	}
	if l := a.crash(); l != nil {
		because = fmt.Sprintf("A new life of the server (epoch %d) began at %s and found that the one before (epoch %d) had left no orderly end", l.Epoch, w.when(l.At), l.Before)
		if alive == 0 {
			alive = l.LastAlive
		}
	}
	if alive > 0 {
		because += fmt.Sprintf("; the user was last known online at %s", w.when(alive))
	}
	return telling{crash + ", and the user did not come back in the time that was given after the restart", because + ".",
		"We do not know how the user's connections ended: the crash took them, and what they did last was not written down. We do not know from this why the server died."}
}

// crash gives the beginning of the life that found the crash, if it is on record.
func (a *Account) crash() *Life {
	for _, l := range a.Lives {
		if l.Crashed && l.Epoch == a.Epoch {
			return l
		}
	}
	return nil
}

func said(d *Departure) string {
	if d.Detail == "" {
		return ""
	}
	return " (" + quoted(d.Detail) + ")"
}

func failure(d *Departure) string {
	if d.Error == "" {
		return ""
	}
	return ": " + quoted(d.Error)
}

func lastHeard(w words, a *Account, d *Departure) string {
	if d.LastIn == 0 {
		return "nothing had ever come from the client"
	}
	return fmt.Sprintf("the client was last heard at %s, %s before", w.when(d.LastIn), span(a.At-d.LastIn))
}

func lastSent(w words, d *Departure) string {
	if d.LastOut == 0 {
		return "nothing could ever be sent to the client"
	}
	return fmt.Sprintf("something was last sent at %s", w.when(d.LastOut))
}

func silence(w words, a *Account, d *Departure) string {
	s := "Nothing had ever come from the client"
	if d.LastIn != 0 {
		s = fmt.Sprintf("The client was last heard at %s; after that nothing came for %s", w.when(d.LastIn), span(a.At-d.LastIn))
	}
	if d.Timeout > 0 {
		s += fmt.Sprintf(", and the timeout agreed on was %s", span(d.Timeout))
	}
	if d.PingsMissed > 0 {
		s += fmt.Sprintf("; %s went unanswered", count(d.PingsMissed, "ping"))
	}
	return s + "."
}
