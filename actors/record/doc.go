// Package record keeps on disk what a crash must not take: the roll, who is
// online (G7), and the journal, why every connection ended (P6).
package record
