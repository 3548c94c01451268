package sealed

// Forgetting is the store without what it remembers of secrets that it has opened; data keys stay.
func Forgetting(s *Store) *Store {
	c := *s
	c.opened = newOpened(0)
	return &c
}

// Opened has so much room; it returns how many secrets it remembers after n were opened.
func Opened(room, n int) int {
	o := newOpened(room)
	for i := range n {
		o.keep(place{id: string(rune('a' + i))}, "text", "clear")
	}
	return len(o.all)
}
