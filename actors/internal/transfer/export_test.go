package transfer

// Sizes are the sizes of all that a book holds, for tests of its bounds.
func Sizes(b *Book) [6]int {
	return [6]int{len(b.byID), len(b.byNumber), len(b.byConn), len(b.byKey), len(b.byOwner), b.held.Len()}
}
