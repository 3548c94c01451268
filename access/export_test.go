package access

// Parse opens the parser to the fuzz test.
func Parse(body []byte) error {
	_, err := parse(body)
	return err
}
