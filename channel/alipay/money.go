package alipay

import (
	"encoding/json"
	"strings"

	"github.com/paymux/paymux"
)

const yuan paymux.Currency = "CNY"

// most is the largest amount of one payment, 100,000,000.00 yuan, in fen.
const most = 100_000_000_00

// decimal is an amount in yuan as Alipay writes it, in JSON a text or a number.
type decimal string

func (d *decimal) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(d))
	}
	if string(raw) == "null" {
		return nil
	}
	*d = decimal(raw)
	return nil
}

// money reads an amount; zero where none is stated. What cannot be read comes out as an amount that
// equals none of ours, so that it is never believed.
func (d decimal) money() paymux.Money {
	if d == "" {
		return paymux.Money{}
	}
	m, err := paymux.ParseMoney(string(d), yuan)
	if err != nil {
		return paymux.Money{Amount: -1, Currency: yuan}
	}
	return m
}

// size reads an amount that may be negative, without its sign.
func (d decimal) size() (m paymux.Money, ok bool) {
	m, err := paymux.ParseMoney(strings.TrimPrefix(string(d), "-"), yuan)
	return m, err == nil
}
