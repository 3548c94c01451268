// WeChat Pay's rules as wechatpay-axios-plugin keeps them. On standard input, JSON with any of:
//   sign:  requests and parameters to sign again, with the time and nonce they were signed with
//   open:  notifications to verify and decrypt, as a merchant
//   make:  notifications to encrypt and sign, as the platform
//   drive: calls to make with the SDK itself: {account, calls}
// On standard output, JSON with the results under the same names.
import { readFileSync } from "node:fs";
import wechatpay from "wechatpay-axios-plugin";

const { Wechatpay, Rsa, Aes, Formatter } = wechatpay;
const input = JSON.parse(readFileSync(0, "utf8"));
const text = (base64) => Buffer.from(base64 ?? "", "base64").toString("utf8");

const sign = (all) => all.map(({ key, mchid, serial, method, uri, at, nonce, body, lines }) => {
  const message = lines ? Formatter.joinedByLineFeed(...lines) : Formatter.request(method, uri, at, nonce, text(body));
  const signature = Rsa.sign(message, Rsa.from(key, Rsa.KEY_TYPE_PRIVATE));
  return lines ? signature : Formatter.authorization(mchid, nonce, signature, at, serial);
});

const open = (all) => all.map(({ headers, body, keys, secret }) => {
  try {
    const at = headers["Wechatpay-Timestamp"], serial = headers["Wechatpay-Serial"];
    if (Math.abs(Formatter.timestamp() - at) > 300) return { refused: "stale" };
    const key = Rsa.from(keys[serial], Rsa.KEY_TYPE_PUBLIC);
    if (!Rsa.verify(Formatter.response(at, headers["Wechatpay-Nonce"], text(body)), headers["Wechatpay-Signature"], key)) return { refused: "signature" };
    const { ciphertext, nonce, associated_data: aad } = JSON.parse(text(body)).resource;
    return { plain: Aes.AesGcm.decrypt(ciphertext, secret, nonce, aad) };
  } catch (err) {
    return { refused: err.message };
  }
});

const make = (all) => all.map(({ plain, aad, secret, key, serial }) => {
  const nonce = Formatter.nonce(12), at = `${Formatter.timestamp()}`, random = Formatter.nonce();
  const body = JSON.stringify({
    id: "EV-" + random, create_time: new Date().toISOString(), resource_type: "encrypt-resource", event_type: "TRANSACTION.SUCCESS", summary: "支付成功",
    resource: { original_type: "transaction", algorithm: "AEAD_AES_256_GCM", ciphertext: Aes.AesGcm.encrypt(plain, secret, nonce, aad), associated_data: aad, nonce },
  });
  return {
    body: Buffer.from(body).toString("base64"),
    headers: {
      "Wechatpay-Timestamp": at, "Wechatpay-Nonce": random, "Wechatpay-Serial": serial,
      "Wechatpay-Signature": Rsa.sign(Formatter.response(at, random, body), Rsa.from(key, Rsa.KEY_TYPE_PRIVATE)),
    },
  };
});

async function drive({ account, calls }) {
  const client = new Wechatpay({ ...account, baseURL: account.baseURL + "/" }).client.v3;
  const results = [];
  for (const { method, url, data } of calls) {
    try {
      const answer = await client.request({ method, url, data, proxy: false });
      results.push({ status: answer.status, data: answer.data });
    } catch (err) {
      results.push({ status: err.response?.status ?? 0, error: `${err.code ?? ""}`, data: err.response?.data });
    }
  }
  return results;
}

console.log(JSON.stringify({
  sign: input.sign && sign(input.sign),
  open: input.open && open(input.open),
  make: input.make && make(input.make),
  drive: input.drive && await drive(input.drive),
}));
