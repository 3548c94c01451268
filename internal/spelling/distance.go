// Package spelling tells how far a mistyped word is from one that was meant.
package spelling

// Distance is how many letters must be inserted, removed or changed to make b of
// a (Levenshtein), counted in bytes. It takes time and room in proportion to the words' lengths: bound them first.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
