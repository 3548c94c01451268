package routing

// Structure is what each part of a document says by itself: as much as its JSON Schema knows.
func Structure(text []byte) Faults {
	r, _ := structure(text)
	return faulted(r)
}
