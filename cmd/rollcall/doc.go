// Command rollcall is the server of rollcall, its clients for the shell, and a
// demonstration of both.
//
//	rollcall serve        the server
//	rollcall demo         the main job in one command: every way to go, and what a watcher is told
//	rollcall join         hold a session open
//	rollcall watch        who is online, and every change
//	rollcall chat         talk to those who are online
//	rollcall send         send one message
//	rollcall who          list the users (admin API)
//	rollcall connections  list connections, or why they ended (admin API)
//	rollcall kick         end a user's connections, or one connection (admin API)
//	rollcall why          why somebody went, with the evidence (admin API, or the data directory)
//	rollcall forget       remove what is recorded of a user (likewise)
//	rollcall version      tell the version
//	rollcall completion   completions for the shell
//
// # Settings
//
// Every flag of every command has an environment variable: --max-connections is
// ROLLCALL_MAX_CONNECTIONS. And it has a key in the YAML file that --config (or
// ROLLCALL_CONFIG) names: at the top for every command that has the flag, or in
// a section with the name of a command for that one alone.
//
//	server: chat.example:7465
//	serve:
//	  listen: [0.0.0.0:7465, "[::]:7465"]
//	  heartbeat: 10s
//
// The command line wins over the environment, the environment over the
// command's section, the section over the top. An empty variable is as good as
// none. A key that no command knows is an error.
//
// # Exit codes
//
//	0    done; also a server, join, watch or chat that was asked to end by SIGINT or SIGTERM, and did so in good order
//	1    anything else that went wrong; a demo in which something was not as it must be
//	2    a mistake in the command line, the environment or the configuration file
//	3    the server or the admin API cannot be reached, or was lost
//	4    refused: login refused, kicked, replaced, the server is full, no common version, the admin API does not allow it
//	5    not there: the recipient is offline, no such user or connection
//	8    nothing is on record of the user, the connection or the endpoint that was asked for
//	130  interrupted by SIGINT before it was done, or forced to end by a second one
//	143  the same with SIGTERM
//
// Results go to standard output; errors, as one line "rollcall: ...", and the
// server's log go to standard error. Colours are for terminals only, and never
// when NO_COLOR is set.
//
// # Invariants
//
//   - Nothing outside of this package handles signals, reads the environment,
//     ends the process or sets the default logger.
//   - What other people have written (names, messages, reasons) never reaches a
//     terminal with control characters in it.
package main
