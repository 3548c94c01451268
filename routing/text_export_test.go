package routing

// Words of explanations, for tests that read them.
var (
	TextWords = textWords
	DropWords = dropWords
)
