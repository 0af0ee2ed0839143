package filestore

// account is what one owner, or all of them together, keep in the store.
type account struct {
	files, partials int64
	bytes, reserved int64
}

func (a *account) empty() bool { return a.files == 0 && a.partials == 0 }

// ledger counts what each owner keeps. It is a plain value: the store's lock
// guards it. It holds an account for each owner who has a file, and no other.
type ledger struct {
	all     account
	users   map[string]*account
	garbage account // what is out of view and still on the disk: files, bytes
}

func newLedger() ledger { return ledger{users: make(map[string]*account)} }

// admit says whether a file of size bytes may begin. The first quota that
// refuses is the error.
func (l *ledger) admit(o *Options, owner string, size int64) error {
	user := l.of(owner)
	switch {
	case size > o.MaxFile:
		return ErrTooLarge
	case user.files+user.partials >= o.MaxUserFiles:
		return ErrQuotaUserFiles
	case size > o.MaxUserBytes-user.bytes-user.reserved:
		return ErrQuotaUserBytes
	case l.all.files+l.all.partials+l.garbage.files >= o.MaxFiles:
		return ErrQuotaFiles
	case size > o.MaxBytes-l.all.bytes-l.all.reserved-l.garbage.bytes:
		return ErrQuotaBytes
	}
	return nil
}

// addPartial and addFile count one more, or with n = -1 one less, of size bytes.
func (l *ledger) addPartial(owner string, size, n int64) {
	l.add(owner, account{partials: n, reserved: n * size})
}

func (l *ledger) addFile(owner string, size, n int64) {
	l.add(owner, account{files: n, bytes: n * size})
}

// addGarbage counts one more, or with n = -1 one less, of size bytes.
func (l *ledger) addGarbage(size, n int64) {
	l.garbage.files += n
	l.garbage.bytes += n * size
}

func (l *ledger) add(owner string, d account) {
	user := l.users[owner]
	if user == nil {
		user = new(account)
		l.users[owner] = user
	}
	for _, a := range []*account{&l.all, user} {
		a.files += d.files
		a.partials += d.partials
		a.bytes += d.bytes
		a.reserved += d.reserved
	}
	if user.empty() {
		delete(l.users, owner)
	}
}

// of gives the account of an owner.
func (l *ledger) of(owner string) account {
	if user := l.users[owner]; user != nil {
		return *user
	}
	return account{}
}
