package alipayfake

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// billAddress: unlike Alipay's, bills are there at once.
func (i *Institution) billAddress(c call) object {
	if _, err := time.ParseInLocation(time.DateOnly, c.content["bill_date"], beijing); err != nil {
		return refuse("40004", "isp.bill_not_exist")
	}
	name := rand.Text()
	i.bills[name] = c.content["bill_date"]
	return done(member{"bill_download_url", "http://" + c.host + "/bill/" + name}, member{"bill_file_code", "SUCCESS"})
}

func (i *Institution) download(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	date, ok := i.bills[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	delete(i.bills, r.PathValue("name")) // an address is good once
	day, _ := time.ParseInLocation(time.DateOnly, date, beijing)
	packed, err := Pack(
		File{i.SellerID + "_" + date + "_业务明细.csv", i.listing(day)},
		File{i.SellerID + "_" + date + "_业务明细(汇总).csv", "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数\r\n合计,,1\r\n"},
	)
	if err != nil {
		http.Error(w, "cannot pack", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Write(packed)
}

// Heading is that of a bill's list of bookings.
const Heading = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"

func (i *Institution) listing(day time.Time) string {
	var rows []string
	within := func(at time.Time) bool { return !at.Before(day) && at.Before(day.Add(24*time.Hour)) }
	row := func(t *trade, kind string, at time.Time, amount int64, refund string, fee int64) {
		rows = append(rows, fmt.Sprintf("%s\t,%s\t,%s,%s,%s,%s,,,,,*三(159****5620),%s,%s,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,%s,%s,0.00,",
			t.tradeNo, t.number, kind, quoted(t.subject), t.created.In(beijing).Format(clock), at.In(beijing).Format(clock),
			yuan(amount), yuan(amount), refund, yuan(fee)))
	}
	for _, t := range i.trades {
		if t.payments > 0 && within(t.paidAt) {
			row(t, "交易", t.paidAt, t.amount, "", -t.amount*6/1000)
		}
		for _, f := range t.refunds {
			if f.done && within(f.at) {
				row(t, "退款", f.at, -f.amount, f.number, f.amount*6/1000)
			}
		}
	}
	slices.Sort(rows)
	lines := slices.Concat([]string{
		"#支付宝业务明细查询", "#账号：[" + i.SellerID + "0156]", "#-----------------------------------------业务明细列表----------------------------------------", Heading,
	}, rows, []string{
		"#-----------------------------------------业务明细列表结束------------------------------------", fmt.Sprintf("#交易合计：%d笔", len(rows)),
	})
	return strings.Join(lines, "\r\n") + "\r\n"
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// File is one of an archive.
type File struct{ Name, Text string }

// Pack makes a bill's archive: names and texts are in GBK.
func Pack(files ...File) ([]byte, error) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, f := range files {
		name, err := simplifiedchinese.GBK.NewEncoder().String(f.Name)
		if err != nil {
			return nil, err
		}
		text, err := simplifiedchinese.GBK.NewEncoder().String(f.Text)
		if err != nil {
			return nil, err
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, NonUTF8: true, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return b.Bytes(), err
}
