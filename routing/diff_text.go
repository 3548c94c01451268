package routing

// Tell says changes in words, one a line: en, zh-CN; any other language is English.
func Tell(changes []Change, language string) string {
	t := teller{lang: languageOf(language)}
	for i := range changes {
		t.change(&changes[i])
	}
	return t.b.String()
}

func (t *teller) change(c *Change) {
	what := t.say("of "+c.Of, name(c.Name))
	if c.Of == "" {
		what = t.say("the set")
	}
	switch {
	case c.What == Moved:
		t.line("moved", what, c.From, c.To)
	case c.Member == "" && c.What == Added:
		t.line("added", what, c.To)
	case c.Member == "" && c.What == Removed:
		t.line("removed", what)
	case c.What == Added:
		t.line("member added", what, c.Member, c.To)
	case c.What == Removed:
		t.line("member removed", what, c.Member, c.From)
	default:
		t.line("member changed", what, c.Member, c.To, c.From)
	}
}
