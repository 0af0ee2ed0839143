package record

import "example.com/rollcall/actors/disk"

// View is the record of a server, stopped or running, to be looked at.
type View struct {
	// Left is what the roll holds: of a running server, who is online as of its
	// last write, all of them with the time of that write as Lost.
	Left Left
	// Journal can be read; Append and Forget give ErrReadOnly.
	Journal Journal
	disk    disk.FS
}

// OpenReadOnly opens the record in a directory (that in which OpenRoll and
// OpenJournal have made theirs). It takes no lock, changes nothing, and sees what
// a server that runs has written by now. An error says that the directory cannot
// be opened; whatever else cannot be read is told in Left.Damage, by DamageOf, and
// by Records.
func OpenReadOnly(dir string) (*View, error) {
	d, err := disk.OpenReadOnly(dir)
	if err != nil {
		return nil, err
	}
	return Look(d), nil
}

// Look is OpenReadOnly on a disk, which View.Close closes. It never writes to it.
func Look(d disk.FS) *View {
	d = disk.ReadOnly(d)
	state, lost := loadRoll(d)
	j := &journal{disk: d, opts: JournalOptions{}.withDefaults(), readOnly: true}
	if err := j.ready(); err != nil {
		j.tell(err.Error())
	}
	return &View{Left: state.left(lost), Journal: j, disk: d}
}

// Close closes the journal and the disk.
func (v *View) Close() error {
	err := v.Journal.Close()
	if e := v.disk.Close(); err == nil {
		err = e
	}
	return err
}
