package paymux

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fact is one thing to count: it is committed with the change that it is a fact of, as a
// line of text, and added to the statistics later, once.
type Fact struct {
	At      time.Time // when it happened; to the minute is what is kept
	Key     StatisticsKey
	Measure Measure
	Amount  int64          // in minor units, not negative
	MS      int64          // of an answer or a success: how long it took, at least 1; 0: not known
	Late    bool           // of a success
	Pay     bool           // of an answer: it was an attempt to pay
	Answer  OperationState // of an answer
}

// Append appends the fact as a line. Numbers that cannot be are 0: one that could not be read again would never be counted.
func (f *Fact) Append(b []byte) []byte {
	b = strconv.AppendInt(b, max(f.At.Unix()/60, 0), 10)
	b = append(b, '\t')
	b = append(b, f.Measure...)
	for _, d := range Dimensions() {
		b = appendWord(append(b, '\t'), f.Key.Part(d))
	}
	b = strconv.AppendInt(append(b, '\t'), max(f.Amount, 0), 10)
	b = strconv.AppendInt(append(b, '\t'), max(f.MS, 0), 10)
	b = append(b, '\t')
	if f.Late {
		b = append(b, 'l')
	}
	if f.Pay {
		b = append(b, 'p')
	}
	b = append(b, '\t')
	b = append(b, f.Answer...)
	return append(b, '\n')
}

// AppendFacts appends facts, each as a line.
func AppendFacts(b []byte, facts []Fact) []byte {
	for i := range facts {
		b = facts[i].Append(b)
	}
	return b
}

// appendWord keeps what separates words and lines out of them.
func appendWord(b []byte, word string) []byte {
	if !strings.ContainsAny(word, "\t\n\\") {
		return append(b, word...)
	}
	return append(b, strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`).Replace(word)...)
}

func readWord(word string) string {
	if !strings.Contains(word, "\\") {
		return word
	}
	return strings.NewReplacer(`\\`, "\\", `\t`, "\t", `\n`, "\n").Replace(word)
}

var errFact = errors.New("not a line of a fact")

// ParseFact reads a line that Append wrote, without its end. At is the beginning of the minute.
func ParseFact(line string) (f Fact, err error) {
	words := strings.Split(line, "\t")
	dimensions := Dimensions()
	if len(words) != 6+len(dimensions) {
		return f, fmt.Errorf("%w: %d words", errFact, len(words))
	}
	numbers := [3]int64{}
	for i, at := range []int{0, 2 + len(dimensions), 3 + len(dimensions)} {
		if numbers[i], err = strconv.ParseInt(words[at], 10, 64); err != nil || numbers[i] < 0 {
			return f, fmt.Errorf("%w: %q is no number", errFact, words[at])
		}
	}
	for i, d := range dimensions {
		f.Key.Set(d, readWord(words[2+i]))
	}
	flags := words[4+len(dimensions)]
	f.At, f.Amount, f.MS = time.Unix(numbers[0]*60, 0).UTC(), numbers[1], numbers[2]
	f.Measure, f.Answer = Measure(words[1]), OperationState(words[5+len(dimensions)])
	f.Late, f.Pay = strings.Contains(flags, "l"), strings.Contains(flags, "p")
	return f, nil
}

// Count adds a fact to the numbers of its key and interval. It reports whether it knows the measure.
func (n *Numbers) Count(f *Fact) bool {
	if f.Measure == CountAnswered {
		n.countAnswer(f)
		return true
	}
	sum := n.Sum(f.Measure)
	if sum == nil {
		return false
	}
	sum.Count++
	sum.Amount += f.Amount
	n.countSuccess(f)
	return true
}

func (n *Numbers) countSuccess(f *Fact) {
	if f.Measure != CountSucceeded {
		return
	}
	if f.Late {
		n.Late++
	}
	if f.MS > 0 {
		n.Successes.Count(f.MS, SuccessBounds())
	}
}

func (n *Numbers) countAnswer(f *Fact) {
	switch f.Answer {
	case OpNotSent:
		n.Unreached++
	case OpUnknown:
		n.Unanswered++
	case OpDeclined:
		if f.Pay {
			n.Declined++
		}
	}
	if f.MS > 0 {
		n.Answers.Count(f.MS, AnswerBounds())
	}
}
