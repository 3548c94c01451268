package sandbox

// ParseLine reads a line of the book and writes it again.
func ParseLine(line []byte) (again []byte, err error) {
	e, err := parseLine(line)
	if err != nil {
		return nil, err
	}
	return appendLine(nil, &e)
}

// BreakBook makes the next write fail, as a full disk would.
func BreakBook(i *Institution) {
	i.book.mu.Lock()
	defer i.book.mu.Unlock()
	i.book.file.Close()
}

// Texts lists the pages' texts by language.
func Texts() map[language]map[string]string { return texts }
