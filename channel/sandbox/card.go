package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// TestCard is a card number with a meaning. Numbers and tokens are those of Stripe's test mode, so
// that nobody has to learn others (https://docs.stripe.com/testing).
type TestCard struct {
	Number string   `json:"number"`
	Brand  string   `json:"brand"`
	Tokens []string `json:"tokens,omitempty"`
	HelpEN string   `json:"help_en"`
	HelpZH string   `json:"help_zh"`

	code    string // of the refusal; empty: paid
	threeDS bool   // the holder must prove to be it
	dispute bool   // a dispute follows the payment
	refund  string // "refused" or "slow"; empty: at once
}

// Last4 is what names the card in the book and in [paymux.CardSummary].
func (c *TestCard) Last4() string { return c.Number[len(c.Number)-4:] }

// Cards lists the test cards. The list is the caller's own.
func Cards() []TestCard {
	return []TestCard{
		{Number: "4242424242424242", Brand: "visa", Tokens: []string{"tok_visa", "pm_card_visa"}, HelpEN: "Succeeds.", HelpZH: "支付成功。"},
		{Number: "5555555555554444", Brand: "mastercard", Tokens: []string{"tok_mastercard", "pm_card_mastercard"}, HelpEN: "Succeeds.", HelpZH: "支付成功。"},
		{Number: "6200000000000005", Brand: "unionpay", Tokens: []string{"tok_unionpay", "pm_card_unionpay"}, HelpEN: "Succeeds.", HelpZH: "支付成功。"},
		{Number: "4000000000000002", Brand: "visa", code: codeDeclined, Tokens: []string{"tok_chargeDeclined", "tok_visa_chargeDeclined", "pm_card_visa_chargeDeclined"}, HelpEN: "Declined by the bank, without a reason.", HelpZH: "被银行拒绝，不说明原因。"},
		{Number: "4000000000009995", Brand: "visa", code: codeInsufficient, Tokens: []string{"tok_chargeDeclinedInsufficientFunds", "tok_visa_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedInsufficientFunds"}, HelpEN: "Declined: insufficient funds.", HelpZH: "被拒绝：余额不足。"},
		{Number: "4000000000009987", Brand: "visa", code: codeLost, Tokens: []string{"tok_visa_chargeDeclinedLostCard", "pm_card_visa_chargeDeclinedLostCard"}, HelpEN: "Declined: the card is reported lost.", HelpZH: "被拒绝：卡片已挂失。"},
		{Number: "4000000000009979", Brand: "visa", code: codeStolen, Tokens: []string{"tok_visa_chargeDeclinedStolenCard", "pm_card_visa_chargeDeclinedStolenCard"}, HelpEN: "Declined: the card is reported stolen.", HelpZH: "被拒绝：卡片已报失窃。"},
		{Number: "4000000000000069", Brand: "visa", code: codeExpiredCard, Tokens: []string{"tok_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedExpiredCard"}, HelpEN: "Declined: the card has expired.", HelpZH: "被拒绝：卡片已过期。"},
		{Number: "4000000000000127", Brand: "visa", code: codeCVC, Tokens: []string{"tok_chargeDeclinedIncorrectCvc", "pm_card_chargeDeclinedIncorrectCvc"}, HelpEN: "Declined: the security code is wrong.", HelpZH: "被拒绝：安全码错误。"},
		{Number: "4000000000000119", Brand: "visa", code: codeProcessing, Tokens: []string{"tok_chargeDeclinedProcessingError", "pm_card_chargeDeclinedProcessingError"}, HelpEN: "Declined: an error while processing; another channel may be tried.", HelpZH: "被拒绝：处理出错，可换通道重试。"},
		{Number: "4242424242424241", Brand: "visa", code: codeNumber, HelpEN: "Declined: the number is wrong (its check digit).", HelpZH: "被拒绝：卡号错误（校验位不符）。"},
		{Number: "4000002500003155", Brand: "visa", threeDS: true, Tokens: []string{"tok_threeDSecure2Required", "pm_card_authenticationRequired"}, HelpEN: "Asks for 3-D Secure, then succeeds.", HelpZH: "需要 3-D Secure 验证，通过后成功。"},
		{Number: "4000002760003184", Brand: "visa", threeDS: true, Tokens: []string{"pm_card_authenticationRequiredOnSetup"}, HelpEN: "Asks for 3-D Secure every time, then succeeds.", HelpZH: "每次都需要 3-D Secure 验证，通过后成功。"},
		{Number: "4000000000000259", Brand: "visa", dispute: true, Tokens: []string{"tok_createDispute", "pm_card_createDispute"}, HelpEN: "Succeeds; a dispute is opened soon after.", HelpZH: "支付成功，随后产生争议（拒付）。"},
		{Number: "4000000000005126", Brand: "visa", refund: refundRefused, Tokens: []string{"tok_refundFail", "pm_card_refundFail"}, HelpEN: "Succeeds; refunds fail.", HelpZH: "支付成功，退款失败。"},
		{Number: "4000000000007726", Brand: "visa", refund: refundSlow, Tokens: []string{"tok_pendingRefund", "pm_card_pendingRefund"}, HelpEN: "Succeeds; refunds are pending first, then succeed.", HelpZH: "支付成功，退款先处理中，随后成功。"},
	}
}

const (
	refundRefused = "refused"
	refundSlow    = "slow"
)

// testCards is the list, by what a request may name a card with.
var testCards = indexCards()

func indexCards() map[string]TestCard {
	index := map[string]TestCard{}
	for _, c := range Cards() {
		index[c.Number] = c
		for _, token := range c.Tokens {
			index[token] = c
		}
	}
	return index
}

// chosenCard is the test card a request names, and the code it is refused with at
// once, if it is: real cards are, so that nobody's number stays here.
func chosenCard(d *paymux.CardDetails, now time.Time) (c TestCard, code string) {
	key := d.Token.Reveal()
	if key == "" {
		key = digitsOf(d.Number.Reveal())
	}
	c, known := testCards[key]
	switch {
	case !known && d.Token == "" && !luhn(key):
		return TestCard{Number: "0000"}, codeNumber
	case !known:
		return TestCard{Number: "0000"}, codeRealCard
	case past(d.ExpMonth, d.ExpYear, now):
		return c, codeExpiredCard
	}
	return c, c.code
}

// cardByLast4 finds the card of a charge, for what follows it.
func cardByLast4(last4 string) (TestCard, bool) {
	cards := Cards()
	at := slices.IndexFunc(cards, func(c TestCard) bool { return c.Last4() == last4 })
	if at < 0 {
		return TestCard{}, false
	}
	return cards[at], true
}

// past reports whether a card's month is over; a month not given is not.
func past(month, year int, now time.Time) bool {
	if month < 1 || month > 12 || year <= 0 {
		return false
	}
	if year < 100 {
		year += 2000
	}
	return !now.Before(time.Date(year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC))
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, text)
}

// luhn checks a card number's last digit (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum := 0
	for at := range len(number) {
		d := int(number[len(number)-1-at] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if at%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return len(number) >= 12 && len(number) <= 19 && sum%10 == 0
}
