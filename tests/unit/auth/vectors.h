/* vectors.h - made by vectors.py with OpenSSL 3.0.19; do not edit. The private key is of this file alone. */
#ifndef AUTH_VECTORS_H
#define AUTH_VECTORS_H
enum { VECTOR_NOW = 1800000000 };
static const char vector_keys[] =
     "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"nZM2LmHeed-amvHKabbeyEkxK0fYrw3GVXHspKZIvhQIOiGTQAvgAQ4croh4xLkkCmD7jqrG2a-OIwUP5ZP5bqP0nmVn6ZZkNoEFfNotS72kH"
     "ma3zMFDP6gi-6fgx8FWzZ2h_Fim10FTggbt1gerMuRky7mUfDE7HPR0VWTTt_khdrS28pOPCE7GblvMOX7oz0o10D3Cisg2XToAlMYOofEbjfT51VSUfq_9uQLK-DtpKOnZxGb9D2i9X"
     "mzIwVyDY1igRK0A3L38AYSQJZQLVgH0mNhQvCBRjMH70h2opkLnt2MO6V9NtIJS9NnqQeUhpNHgWnVAEFGwwhri4jhs3Q\", \"e\": \"AQAB\", \"kid\": \"rs\", \"alg\": \"RS256\", \"u"
     "se\": \"sig\"}, {\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"hwaF7yHnQyMf5qmh5T0YWT15FImm9gl30BRa2eFJNYY\", \"y\": \"_nJmOAId62ggnzAj1tieg4Yz_Vj7YXyIwgY0Bwy"
     "41m8\", \"kid\": \"es\", \"alg\": \"ES256\", \"use\": \"sig\"}, {\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"gW6HXxAbIbBxVdh6UbJ2ypdNov9B86xfqnXNRhTi5q0\", \"kid"
     "\": \"ed\", \"alg\": \"EdDSA\", \"use\": \"sig\"}, {\"kty\": \"oct\", \"k\": \"PisLAS_d6chIPtaZ4qNl58f36Ruk-D_8sVJu-1aCseU\", \"kid\": \"hs\", \"alg\": \"HS256\", \"use"
     "\": \"sig\"}, {\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"hwaF7yHnQyMf5qmh5T0YWT15FImm9gl30BRa2eFJNYY\", \"y\": \"_nJmOAId62ggnzAj1tieg4Yz_Vj7YXyIwgY0Bwy41"
     "m8\", \"kid\": \"enc\", \"alg\": \"ES256\", \"use\": \"enc\"}, {\"kty\": \"RSA\", \"n\": \"nZM2LmHeed-amvHKabbeyEkxK0fYrw3GVXHspKZIvhQIOiGTQAvgAQ4croh4xLkkCmD7j"
     "qrG2a-OIwUP5ZP5bqP0nmVn6ZZkNoEFfNotS72kHma3zMFDP6gi-6fgx8FWzZ2h_Fim10FTggbt1gerMuRky7mUfDE7HPR0VWTTt_khdrS28pOPCE7GblvMOX7oz0o10D3Cisg2XToAl"
     "MYOofEbjfT51VSUfq_9uQLK-DtpKOnZxGb9D2i9XmzIwVyDY1igRK0A3L38AYSQJZQLVgH0mNhQvCBRjMH70h2opkLnt2MO6V9NtIJS9NnqQeUhpNHgWnVAEFGwwhri4jhs3Q\", \"e\":"
     " \"AQAB\", \"kid\": \"rs512\", \"alg\": \"RS512\", \"use\": \"sig\"}, {\"kty\": \"oct\", \"k\": \"c2hvcnQ\", \"kid\": \"short\"}, {\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\""
     ": \"gW6HXxAbIbBxVdh6UbJ2ypdNov9B86xfqnXNRhTi5q0\", \"kid\": \"\", \"alg\": \"EdDSA\", \"use\": \"sig\"}]}";
static const char vector_own[] =
     "-----BEGIN EC PRIVATE" " KEY-----\nMHcCAQEEINWmqWHKVG8FPt7a2LD3D/hitvFh6Hj4mSVAVfgjD9VBoAoGCCqGSM49\nAwEHoUQDQgAE7GezVf9w6QEoxVHgBruEBzgUtgGaH4xl"
     "E8+QaEDGtHovOIE1OMI7\nIsef7xRiZfC/OmfZ4wYCU8rfD/CWPL+QXA==\n-----END EC PRIVATE" " KEY-----\n";
static const struct {
    const char *what, *token, *code; /* "": good */
} vectors[] = {
    {"good RS256",
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.kBF5Zsd6rrMFpylIus4-Z_Uge7wI3f3-IusV_PeHzsveOnxwGk"
     "rkpSekYGH18EVIU__qziR7eDPKcmaV9k1z5fRzw7NPG5p9IpVUm3kjD5otGesZfAGaZvGsKJfO9hE6-j_74ZxDJLmBAofU4GSkA7KI4u5gABFmlPQ6fY4Q1LNZDCweHUxnAI0mMgmTOk"
     "FEBcz444r94ulq-FNfEc-3UDfkZ8JrR4MY8NnyHIqB6zfhmFOXMFc7OXkm0ibeSxdqnpxVDNX0C-UDwDMGFtw1YtzgeEz7IReNm4APc37SiT8XRdrSpm8zZIQEe0OTfEBPNB82ntuWhL"
     "63077NavFOHw",
     ""},
    {"good ES256",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.GiI6PO-UbslDVW8Pp0WvvbYl_GoSL9zhyiFo_gmoFnekH60n_U"
     "qBpmtIEswl5qM0dcu1XYWGksMWGI16qweqZA",
     ""},
    {"good EdDSA",
     "eyJhbGciOiAiRWREU0EiLCAia2lkIjogImVkIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.DrCS5cGr2juXZCt_QsY0GfjbkpJS2lgv03Mx_YuF6NaZhjt7Yh"
     "jft6p8BRnrKqmAQTsstpKeUb2YF7dBmD0fAg",
     ""},
    {"good HS256",
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImhzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.tnuljf0elkWSbc0efsORkCB2uvC19ObYLxmVEN4jlJI",
     ""},
    {"good without typ",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.lj3wXU0xtu2PkWT2IepgafFum1QwshHmI7EsZJNvMs2fEsT0wPs0JufrlkQOBkGxS1CP_"
     "UGcQHIYGtOJ9RZrGA",
     ""},
    {"good at+jwt",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJhdCtKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExM"
     "TExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.af20rQFyF2iiTtnzXLvHt6aEDAL7--hHSyvsm6ALEn8eo9"
     "EP70YGfN3adaNAob0Us2zuVEeZH0ZExpy8qnVpQQ",
     ""},
    {"good: audiences",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiBbIngiLCAidXMiXSwgInN1YiI6ICJhbWluYSIsICJ0aWQiOiAiM"
     "TExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAic3RhZmYiLCAiZXhwIjogMTgwMDAwMDYwMH0.Y0XonZ03A5DjyjQpoP2Ah7JRIXaefH3NWz74K2gyi"
     "s_aJavZwZ-79qOxE-L1czXIl2S5_67Nucc7Al84jN5csw",
     ""},
    {"good: expired within the skew",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxNzk5OTk5OTQxfQ.Sc8xd2ZZyp_bA0OpPEydu3CMkSxWgwUXGQKCu_JF1RFcJLMeJC"
     "kPN6SKDbuNrPuNeBu_sP3b64FUZCqaSSp-QA",
     ""},
    {"good: not before within the skew",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwLCAibmJmIjogMTgwMDAwMDA1OX0.nDavrcK0DvarqeDuqF3kiqkfs"
     "VGepef7Afr1kezX4jj-eTDy_5lI8DNFgMN0RX5zuhcHQ_8O-nmlAlH8cm7Djg",
     ""},
    {"good: jku, x5u, x5c and jwk are not looked at",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiamt1IjogImh0dHBzOi8vZXZpbC5leGFtcGxlLyIsICJ4NXUiOiAiaHR0cHM6Ly9ldmlsLmV4YW1wbGUv"
     "IiwgIng1YyI6IFsiQUEiXSwgImp3ayI6IHsia3R5IjogIkVDIiwgImNydiI6ICJQLTI1NiIsICJ4IjogIlR3c3dRdW4yLWUzN0dDQjJKUDdIYi1RZjU0RmJ4WmlpQjFQTThfQlJIcjAi"
     "LCAieSI6ICIzQVVzUHVidndoWUwyMU8tV3NQUllyNjhvbG1HRmREM0RWbUF1Z05wRVpFIiwgImtpZCI6ICJvdGhlciIsICJhbGciOiAiRVMyNTYiLCAidXNlIjogInNpZyJ9fQ.eyJpc"
     "3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsI"
     "CJleHAiOiAxODAwMDAwNjAwfQ.fXv3HxToXiP_y8NwSfMGeDrdJ_mDsa_aZa8bf4SArEmbq-9b7JycH__4GD6T0pLRTMOzkmFupsLJO81qDwgxWA",
     ""},
    {"good: our own",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIlZ0MDNSRDZEMWdDNDJLYTQzUVV3RnY1YUkwMFRrWGF6SE9lc1hMbGUwbDQiLCAidHlwIjogImF0K2p3dCJ9.eyJpc3MiOiAid2FrYWxhIiw"
     "gImF1ZCI6ICJ3YWthbGEiLCAic3ViIjogIjIyMjIyMjIyLTIyMjItNDIyMi04MjIyLTIyMjIyMjIyMjIyMiIsICJ0aWQiOiAiMTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTE"
     "xMTExIiwgInJvbGUiOiAib3duZXIiLCAic2lkIjogIjMzMzMzMzMzLTMzMzMtNDMzMy04MzMzLTMzMzMzMzMzMzMzMyIsICJleHAiOiAxODAwMDAwNjAwfQ.kdx_I3Q0C48R8e3B19Ao"
     "oI65ZptnXqiXqyepC420-MkZIJl2y0JKXZ7GoHmEJPC1fVvNxHGC59rmp2dZ9oVvcw",
     ""},
    {"alg none, no signature",
     "eyJhbGciOiAibm9uZSIsICJraWQiOiAiZXMifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExM"
     "S0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.",
     "auth.token_malformed"},
    {"alg none, some signature",
     "eyJhbGciOiAibm9uZSIsICJraWQiOiAiZXMifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExM"
     "S0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eH"
     "h4eHh4eHh4eHh4eA",
     "auth.token_algorithm"},
    {"alg NONE",
     "eyJhbGciOiAiTk9ORSIsICJraWQiOiAiZXMifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExM"
     "S0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eH"
     "h4eHh4eHh4eHh4eA",
     "auth.token_algorithm"},
    {"no alg",
     "eyJraWQiOiAiZXMifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiL"
     "CAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.jfIS4DekX1glUs3N-WKrLkacWAAA9bj0EO76EdI7Q334idIuQDmKJVN48hhRaxiiYheeMnM2MuatV71oKnEPlw",
     "auth.token_algorithm"},
    {"alg that is a number",
     "eyJhbGciOiAxLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTEx"
     "MTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.4Ud2GY8-xXizBNYd8lOjyDjcqhJzyA3KkfngpWYbSVnHRw-tIE2hkFjZ2jM3ruJ8sXFW39dpKce50"
     "dGKd0qDTQ",
     "auth.token_algorithm"},
    {"HS256 with the RSA public key in PEM",
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogInJzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.VSLiHds-Su_X8AHqFVk0ftnTbCTHwNgVtGDTYsCII30",
     "auth.token_algorithm"},
    {"HS256 by the EC key's kid",
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.xVMBhTPfIVYhbQjjhYQVkDGjBPprRH5MwApRbWKa4pA",
     "auth.token_algorithm"},
    {"RS256 by the EC key's kid",
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.MSFOOQcY_vZH_He3WfaB9qPlAmxmeatRYv8XRm_8J9fEjTBegtg95z5DhpgcWBpCcUpQT"
     "avu1mvs7uhV_3yHRT6sNHqxWdfA5veGjbde2gAS1KQ6fBeusgTvLdrlDdHNJyvhgUggXcZAhF39W9e2ZtFqPPA29mDct15BBhK-lD-zKjlFt3-sBid9lFx6xwxFoWIEdy5eIkSfZ9Hq9"
     "4HGUpLuXwP9RH_U7wrpVcjGE5Cuo4nPpGLPYL_rb1d-OlKxecvb_bjMjUB9gjCU_x_Mquo2jjVGAfGYSqP3s7BVTbQYml0c4lTtTgsWds-ffdAyojw8xqJYvZs63aTFJEr30g",
     "auth.token_algorithm"},
    {"RS512 for an RS256 key",
     "eyJhbGciOiAiUlM1MTIiLCAia2lkIjogInJzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.IDxh1Ou73A1qDEkBU5zP7vWXw-K1VvDao5IiLS42D0elSyxOQlyp61MmaXb4T-H_t_EKI"
     "8L6xOcvo6WFefmJooA5xNysJkvjO3lgEyA5PW-QUTOk08Xl14RzOndxXIA77Vb6ROxirV-bL4LPyPmD-AJTkSbxhSEVktjJUfRTSdJddidCFZtm9kzs2L_P9m9Q4RxCGMy1asbbCveAY"
     "qtK2gncOlGlCOxn0Xjax5GsziCV6jE3zdSt1W7IcaHqmEuAd3BCkvXauiPL0ea3Z5taaJ0hKToGXPl8pXeZlFOsgCIANYPu59yuwNo6XEx-Ad8FVRvBkPTD9RW5i9QfLfxLBw",
     "auth.token_algorithm"},
    {"ES384",
     "eyJhbGciOiAiRVMzODQiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.7C77kqpiOpxHqN5jTdA_NgbXo0YrzVYXr50vJxFggQVu-NZkEN-VL1_JhaKuh1wbUfAOg"
     "2B4tk0iZr_ZxCsJzg",
     "auth.token_algorithm"},
    {"expired",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxNzk5OTk5OTM5fQ.Kvbk9ONqFtMze-skXTI5cVBm4lnYsjK_6AKdfGZHst33pBLwKL"
     "sr2PoZFhUTt8hcdNd45FF1YvoWAju1vciWjA",
     "auth.token_expired"},
    {"not valid yet",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwLCAibmJmIjogMTgwMDAwMDA2MX0.pOLPVTdCNTgk7gxwX4lmo_UPA"
     "gfxRDfSq_wf3SIeOFslLcG3-yiTbCK5qwqJR1E5saTtIomBUxDF6nRjdC00EA",
     "auth.token_early"},
    {"no exp",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiJ9.zGhMRj3vOzsVSLdVtxO2WOCutc8NestoG0jJRkNFhZUG86M0D8lNWdbuC8jRh40SmNxpwV6m-ra0"
     "XO-Gsy_Spw",
     "auth.token_claims"},
    {"exp in quotes",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAiMTgwMDAwMDYwMCJ9.aP_LYtlcc7vmbr5pFG-2-Il8q77dLi9ywpUP-xH8fqfXZ_L7"
     "7zpSzglLPBBTyBYxYDaOGiyVI1tWQweQGJlBMg",
     "auth.token_claims"},
    {"exp beyond every calendar",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxZSszMDB9.ulY1yJAD8QBwsx3pDyXWr2uVEdc6KO5GHoZ8LH9bE_gRjWomz_og_-LY"
     "z1mMJkW3VmHXN8vDWszRtumGSeJ8-A",
     "auth.token_claims"},
    {"exp below zero",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAtMX0.hPDH_Rc1XvrhIqIc5NLhTZYs_7Wpu7Cw6OFpw_vATSl1ONSSzCl5M-sK7S3VK"
     "Jo8fSLABGfkhXL-cH1hhGEf2g",
     "auth.token_claims"},
    {"nbf that is no number",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwLCAibmJmIjogIm5vdyJ9.1Uf-Qw20JTlb3-4EBq1qHxKjC7EYg5YS"
     "2YkQ1NrlCDJ64RqQn3IeE5L-2V5M0-KawQAqrI-YjNSVt8Ru7wT7Mg",
     "auth.token_claims"},
    {"another audience",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAib3RoZXJzIiwgInN1YiI6ICJhbWluYSIsICJ0aWQiOiAiMTExM"
     "TExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAic3RhZmYiLCAiZXhwIjogMTgwMDAwMDYwMH0.wVrLr_l-luoWUQIF7Mry8vRx8wfS87kN--FB8IXkIAFol"
     "YMRGexiautxuUG0z74Dsi-iVjJSyw0wbE33VjZDYQ",
     "auth.token_claims"},
    {"audiences without ours",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiBbImEiLCAiYiJdLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxM"
     "TExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.DS492oSOjEIjg47qVENqY_6d4wW54z_YPLALdoQbXr"
     "AKLEZC9UdGJtMi0A1pz53_bQnDlOFbq6MJFFGKsjWC2Q",
     "auth.token_claims"},
    {"no audience",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJzdWIiOiAiYW1pbmEiLCAidGlkIjogIjExMTExMTExLTExMTEtNDExMS04M"
     "TExLTExMTExMTExMTExMSIsICJyb2xlIjogInN0YWZmIiwgImV4cCI6IDE4MDAwMDA2MDB9.ywnYa8MWzMZeU_g7DOpRoX_ZiaO2DptoGJQVoMN7ND84PCwAUFI_4cUniHcucIUTLZF_"
     "hTUgxzyZhXGeIzRXxw",
     "auth.token_claims"},
    {"another issuer",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAib3RoZXJzIiwgImF1ZCI6ICJ1cyIsICJzdWIiOiAiYW1pbmEiLCAidGlkIjogIjExMTExM"
     "TExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsICJyb2xlIjogInN0YWZmIiwgImV4cCI6IDE4MDAwMDA2MDB9.7O6ns5RAIzdHpEDYv9pCF3T5b2xVVJ-Ve1aBPsOHRjEZ0dMr"
     "lMLcD4Vbd8UhW9xbobhwc65mF24pCxO1fzNavA",
     "auth.token_claims"},
    {"issuer in an array",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiBbInRoZW0iXSwgImF1ZCI6ICJ1cyIsICJzdWIiOiAiYW1pbmEiLCAidGlkIjogIjExMTExM"
     "TExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsICJyb2xlIjogInN0YWZmIiwgImV4cCI6IDE4MDAwMDA2MDB9.LxUGQPZqFv5LjYAnPnINCDdhm986ES_GCjA1X9RyCZYjERr6"
     "jR47RfbS3wnK8szVLqDBhU4pzJJRG8X8VmM65w",
     "auth.token_claims"},
    {"our issuer by their key",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAid2FrYWxhIiwgImF1ZCI6ICJ3YWthbGEiLCAic3ViIjogIjIyMjIyMjIyLTIyMjItNDIyM"
     "i04MjIyLTIyMjIyMjIyMjIyMiIsICJ0aWQiOiAiMTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAib3duZXIiLCAic2lkIjogIjMzMzMzMzMzLTMzM"
     "zMtNDMzMy04MzMzLTMzMzMzMzMzMzMzMyIsICJleHAiOiAxODAwMDAwNjAwfQ.1Wo6n2Guk8Yt2hWVof9kEku_Me1vvG4UVRkNrXwSF9ro9JXYyn0rI1ikfrh7S7iXdPXk2t53QePtVp"
     "R6wH5oZw",
     "auth.token_claims"},
    {"their issuer by our key",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIlZ0MDNSRDZEMWdDNDJLYTQzUVV3RnY1YUkwMFRrWGF6SE9lc1hMbGUwbDQifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViI"
     "jogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.PxT0q1WWTCMmlf"
     "fAHET_iP4IQc_esxyb6JwpVsZMjygtQD2FkHMUEoQLVGpMqU6KXuchlgm8zPcSDnxz0BKFsg",
     "auth.token_claims"},
    {"ours without a session",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIlZ0MDNSRDZEMWdDNDJLYTQzUVV3RnY1YUkwMFRrWGF6SE9lc1hMbGUwbDQifQ.eyJpc3MiOiAid2FrYWxhIiwgImF1ZCI6ICJ3YWthbGEiL"
     "CAic3ViIjogIjIyMjIyMjIyLTIyMjItNDIyMi04MjIyLTIyMjIyMjIyMjIyMiIsICJ0aWQiOiAiMTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAib"
     "3duZXIiLCAiZXhwIjogMTgwMDAwMDYwMH0.d2iQv_-PqUOcK93evuY_EK4q8gBPbs63URgbPsMxAqAeLCfERJb0NFJZa62_GvHj6HjNT_6ItBTepsekCY6ngg",
     "auth.token_claims"},
    {"no tenant",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInJvbGUiOiAic3RhZmYiL"
     "CAiZXhwIjogMTgwMDAwMDYwMH0.6WkJpEl4d_N4-qeTQCm_JpqmuRC8jVqOFeFT3PnEBb8ziuE67ETSHXs_oIx9Ez0Zcm0romlH6ycOhJOXXbziBg",
     "auth.token_claims"},
    {"a tenant that is no id",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxIiwgInJvb"
     "GUiOiAic3RhZmYiLCAiZXhwIjogMTgwMDAwMDYwMH0.URvDQZ-tKY4GC0zf4zmyBtmgjYMJ5k5ENhdHZg-HFjVQGXGZd373tgEvuqkai9V4f4y93-IOrBElcVIT1jw9VA",
     "auth.token_claims"},
    {"no subject",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogIiIsICJ0aWQiOiAiMTExMTExMTEtMTExM"
     "S00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAic3RhZmYiLCAiZXhwIjogMTgwMDAwMDYwMH0.Qoj5nqhB5QtBi3VvJhZnTvSzPv43XFhcQ2Y2Yk9w8LA2e32sjw2hmmqjN"
     "a3bbLEvz1ZmYvSNpEsqIhMOL3jOxQ",
     "auth.token_claims"},
    {"a subject of 129 bytes",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogInNzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc"
     "3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc"
     "yIsICJ0aWQiOiAiMTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExIiwgInJvbGUiOiAic3RhZmYiLCAiZXhwIjogMTgwMDAwMDYwMH0.hE-CWHkB8I0VwK1MVHy1lMz5t"
     "ZvtMRvFEZkSxKBxIhnAe20vQWa9ggk2WSWTRVCFROTLUsbPd7BUAXjqiRlRjQ",
     "auth.token_claims"},
    {"no role",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICIiLCAiZXhwIjogMTgwMDAwMDYwMH0.k49IpDD-oUergMt53YP681pLi61qHI_ibNWy3cgekBpUzGsoJGujvh9T7"
     "1SnffvnzakjBunmShpjEDwNwKLtuQ",
     "auth.token_claims"},
    {"a role of 16 bytes",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJycnJycnJycnJycnJycnJyIiwgImV4cCI6IDE4MDAwMDA2MDB9.iDDhD1wPyzTdFmIQ6IXEhRjE2x6WxpQ3q7F7"
     "g9sLroW8OrUlKQZ8DTsNzgjkDSWN2gMpxPuZLJThbbDMZeQvrw",
     "auth.token_claims"},
    {"unknown kid",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIm90aGVyIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExM"
     "TExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.DoNOlpsC5yZHGBFuPf2IJlCKOJ8BMhf-fBeUjaJS0zzKIc"
     "L8KyKX98WUUALmnYUAu5xcrPOK6vxPYjb9ZF3d0w",
     "auth.token_key"},
    {"no kid",
     "eyJhbGciOiAiRVMyNTYifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExM"
     "TEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.BWSEOJ9By_uZuftu7H9ASau2vhtvZPHT2LjNt027aRAkYoILRkGGW42bnbEWG7osIfAoQdGWU-b2oihp0BBV7Q",
     "auth.token_key"},
    {"the kid of a key for encryption",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVuYyIsICJ0eXAiOiAiSldUIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTEx"
     "MS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.cpTEqXGKaa96Hn5DDBt8VZboZJdr9hkTiefyCR6uzdazkvEPo"
     "5DLxUzFC72r3-JaIgPTgIM4QeyEq6bSScJG2g",
     "auth.token_key"},
    {"the kid of an RS512 key",
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzNTEyIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExM"
     "TExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.f5UDL-szsQV_8F61FhLlY5B1NJ1abivQvdaVdK2-6P0fzw"
     "ItoO9czsEPNcL91wRXlN0QSKyrG1MBVJd_ujyqu_DJHrNT7bnnyFGw5RCJrMQMdoZ0KhdspaLFz0VkVVuNoYg-QqvEICbI2aaPF8me1H1DaKmMWo0ENTxEEGgFELu90rgBLob0x-w3kY"
     "5DePJzxX3_jUcjJer1_tTEZM35FFHubWPxgyJyh9ysBMjdiHCzMFssOzmCtgjTEd7ve1g9oS-ZgowRyDPXyXAfU9bDndAKRccbuA6_IRQG8ZnyJg1gDNujBARsnoftt4THjPv2A0gSfP"
     "o0b2ON5X-xsdWylg",
     "auth.token_key"},
    {"the kid of a short secret",
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogInNob3J0IiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExM"
     "TExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.Z-gkx0tUi5G_wHcnfI4cxxAu9xIYOhkPU4nByRngVFI",
     "auth.token_key"},
    {"another key's signature",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.Gvl_JMFYwcjrIE-Yi22X_DUSWwmiVU3soYFUZZJz2vMzstEwvx"
     "E-synZk263I1aGnnhLxKtbnjoDUP-WOBsgQA",
     "auth.token_signature"},
    {"another key's signature, its key embedded",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiandrIjogeyJrdHkiOiAiRUMiLCAiY3J2IjogIlAtMjU2IiwgIngiOiAiVHdzd1F1bjItZTM3R0NCMkpQ"
     "N0hiLVFmNTRGYnhaaWlCMVBNOF9CUkhyMCIsICJ5IjogIjNBVXNQdWJ2d2hZTDIxTy1Xc1BSWXI2OG9sbUdGZEQzRFZtQXVnTnBFWkUiLCAia2lkIjogIm90aGVyIiwgImFsZyI6ICJF"
     "UzI1NiIsICJ1c2UiOiAic2lnIn19.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTE"
     "xMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.pQ4DwZ3OjHD1K6J5PnGYZHraMsEpknzvHLW0vbJiOlT3m0vkU8ChLmjExLZArPVOfnranLz0Boq4to8O"
     "qQtnZA",
     "auth.token_signature"},
    {"EdDSA of another",
     "eyJhbGciOiAiRWREU0EiLCAia2lkIjogImVkIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.C9xojZw2mqYH0X2DAtgt7VpAjW_ROxGKyTTcQ6KpkflIuUwfIx"
     "nGyhktoLW-_9bltIfH1XVvoJKZXdrrG201CA",
     "auth.token_signature"},
    {"HS256 of another",
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImhzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.cAjaBxZWrX9A0N4Pxg1rsipbfm18Yh9TMPsIHoVbHMs",
     "auth.token_signature"},
    {"claims changed",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJvd25lciIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw",
     "auth.token_signature"},
    {"signature in DER",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.MEQCIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAiACAgICAgICAgICAgICA"
     "gICAgICAgICAgICAgICAgICAg",
     "auth.token_signature"},
    {"signature of zeros",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
     "AAAAAAAAAAAAAAAAA",
     "auth.token_signature"},
    {"signature cut",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eH"
     "h4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4",
     "auth.token_signature"},
    {"EdDSA signature cut",
     "eyJhbGciOiAiRWREU0EiLCAia2lkIjogImVkIn0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODEx"
     "MS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4",
     "auth.token_signature"},
    {"crit",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiY3JpdCI6IFsiZXhwIl0sICJleHAiOiAxODAwMDAwMDAwfQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAid"
     "XMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.p5"
     "a9Av4SoPIYvv-X6uqtbG8ekE0vxTg-2wak4H8wRtefX9qQpbegMP3IjHS6DfEeF_fuqdi6Y04xivvVCu3l9g",
     "auth.token_malformed"},
    {"b64",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiYjY0IjogZmFsc2V9.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInR"
     "pZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.vUgJLbyK_tLvA7lx_5PQD1GbQRO8VwV5"
     "V_77q7WPsjT2nbCLhMF__E0vh92SbD7NRrtFz0GLRU2cT7A2RmW6Rg",
     "auth.token_malformed"},
    {"zip",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiemlwIjogIkRFRiJ9.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInR"
     "pZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.KW2_bL34UROjrAKvKIgb8IjHsE1GYdBH"
     "DQ1YXSSrLYygbmhxN_6Tj1XW8mO0fup6CljJt-uqlMk0rY_STiPqxw",
     "auth.token_malformed"},
    {"nested",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiY3R5IjogIkpXVCJ9.ZXlKaGJHY2lPaUFpUlZNeU5UWWlMQ0FpYTJsa0lqb2dJbVZ6SWl3Z0luUjVjQ0k"
     "2SUNKS1YxUWlmUS5leUpwYzNNaU9pQWlkR2hsYlNJc0lDSmhkV1FpT2lBaWRYTWlMQ0FpYzNWaUlqb2dJbUZ0YVc1aElpd2dJblJwWkNJNklDSXhNVEV4TVRFeE1TMHhNVEV4TFRReE1"
     "URXRPREV4TVMweE1URXhNVEV4TVRFeE1URWlMQ0FpY205c1pTSTZJQ0p6ZEdGbVppSXNJQ0psZUhBaU9pQXhPREF3TURBd05qQXdmUS5fVFF4RjZGZnlTLUlLY28wcHN6YnB4OXJXdGt"
     "QckNjWWViMDRSR0VuZjZsQnozYjNYWE5DV0lBNVJBSkVYdDFmQlpYbWVjY1NQdVVTMnBKNzdSaWlNdw.xxOukvhquY8rzKCzAjf_OmMrzYv8ZYYjj7EhuJ1Re0ZKH-U86Rhwnrk4kXs1"
     "viJzl7ELahVUHYzaHrPbx4F7Qg",
     "auth.token_malformed"},
    {"nested, by name",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QiLCAiY3R5IjogIkpXVCJ9.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInR"
     "pZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.mHBNoi80fIM58KgKt0GOfO3ku2kaiU34"
     "VsOWH3DGDnHuZCGVKtA1RS4j1QnHPBZBLVWs-gHjx8NyGcnvANd3Nw",
     "auth.token_malformed"},
    {"encrypted: five parts",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0"
     "xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XXNCWIA5RAJEXt1fBZXmeccS"
     "PuUS2pJ77RiiMw",
     "auth.token_malformed"},
    {"typ of something else",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJsb2dvdXQrand0In0.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIx"
     "MTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.i3KnEMgM0WTPrmN3RVQLrXbtFQzEJkuEso4tSBLxc"
     "qpMSAQU9fCm7lqVh15kRo5AkVShCGe5_W-P0Bu29l0UQw",
     "auth.token_malformed"},
    {"giant",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwLCAieCI6ICJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eCJ9.CqPq8GDsbT_U"
     "bUQvz1Yo1DsoAo6EPWRDwfLJBHmuDfTWI-6aag9XeVmbUZuYcyOKRkFUGqIo8BCFjacMVdM5ZA",
     "auth.token_malformed"},
    {"a kid without end",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"
     "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2trIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExM"
     "TExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.xyt8uQ3MS3PM5AWx4Db0t8izd8vYQ6WwGBqF3GsZUvgYfs"
     "A2DYWWJ7fR5etW4fmEK-e_N57SdnaCK28BmJtZiA",
     "auth.token_key"},
    {"deep",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJhIjpbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW"
     "1tbW1tdXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dX"
     "V1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV19.iduoNu8HuBBkA-zbipSEYKe5sMqtdd86K-FTLe-7DMdZ0GRI6YMm"
     "j58FGUGTvaXJ2vrqzA8F_4Cq4zBm2LofzQ",
     "auth.token_malformed"},
    {"empty",
     "",
     "auth.token_malformed"},
    {"points",
     "..",
     "auth.token_malformed"},
    {"one part",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ",
     "auth.token_malformed"},
    {"two parts",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ",
     "auth.token_malformed"},
    {"no signature",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.",
     "auth.token_malformed"},
    {"no claims",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XXNCWIA5RAJEXt1fBZXmeccSPuUS2pJ7"
     "7RiiMw",
     "auth.token_malformed"},
    {"no header",
     ".eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGF"
     "mZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XXNCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw",
     "auth.token_malformed"},
    {"base64 with +",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.+TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw",
     "auth.token_malformed"},
    {"base64 with =",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw==",
     "auth.token_malformed"},
    {"a blank behind",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw ",
     "auth.token_malformed"},
    {"a line break behind",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw\n",
     "auth.token_malformed"},
    {"a point behind",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw.",
     "auth.token_malformed"},
    {"a blank inside",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ. eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTEx"
     "MS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3X"
     "XNCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMw",
     "auth.token_malformed"},
    {"one letter more",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMwA",
     "auth.token_signature"},
    {"bits behind the last byte",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ._TQxF6FfyS-IKco0pszbpx9rWtkPrCcYeb04RGEnf6lBz3b3XX"
     "NCWIA5RAJEXt1fBZXmeccSPuUS2pJ77RiiMx",
     "auth.token_malformed"},
    {"header that is no JSON",
     "ew.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzd"
     "GFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.Q4TLPRqrq5mFdt7A-3-9aKuZWgWnf0YX0ndW8Ai6-Wxb_8jRLA3wWGMbJN47s7r79lQu8YF7do1Ak69LKFUBNA",
     "auth.token_malformed"},
    {"header that is an array",
     "W10.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJz"
     "dGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.e_7MpDBnct41FaxWesyNza_4M6FBHpL4sp9kSp2kT7fTCAK7iPr-sQakrYCZldhi9o2Aw-AzIG-2KEUyj6pn3w",
     "auth.token_malformed"},
    {"claims that are no object",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.MQ.oQvZQ_DGIy0I7WxJGjTZ4Lw6y8-4oImkBBBUIH7RuOmjpySomPAPhmxPkAdG6e9PO7YpI0otp9yN6q"
     "33qhY5Sw",
     "auth.token_malformed"},
    {"claims with something behind",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfSB4.EZXtrT9ExOCjPA-TRV6YQxmhe8TD5rf2v5Y3NIPMuERZaAPd"
     "Ncbo7e8Fn-_qB2Ods_u_OewCd81SlxoXhbrLow",
     "auth.token_malformed"},
    {"a member twice in the header",
     "eyJhbGciOiJub25lIiwiYWxnIjoiRVMyNTYiLCJraWQiOiJlcyJ9.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExMS0xMTE"
     "xLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwfQ.NT08x97zfiZc4xrrfJaLTqVL3Ka8wMNJeIys5N2JBFHm0GQUZRoYdb9t"
     "D8NezkA-yyD1znem1Fmm9l56rb_ufg",
     "auth.token_malformed"},
    {"a member twice in the claims",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZiIsICJleHAiOiAxODAwMDAwNjAwLCJyb2xlIjoib3duZXIifQ.KG1eJ2tRnpqGIoS3h0PQrjostPYXFK"
     "qf4ClPZSjH8tvrg2qXcHHUyZEJzDQlH_PLKPmfSFz5dQMDIIb0KQKYuA",
     "auth.token_malformed"},
    {"claims in UTF-16",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.__57ACIAaQBzAHMAIgA6ACAAIgB0AGgAZQBtACIALAAgACIAYQB1AGQAIgA6ACAAIgB1AHMAIgAsACAAI"
     "gBzAHUAYgAiADoAIAAiAGEAbQBpAG4AYQAiACwAIAAiAHQAaQBkACIAOgAgACIAMQAxADEAMQAxADEAMQAxAC0AMQAxADEAMQAtADQAMQAxADEALQA4ADEAMQAxAC0AMQAxADEAMQAxA"
     "DEAMQAxADEAMQAxADEAIgAsACAAIgByAG8AbABlACIAOgAgACIAcwB0AGEAZgBmACIALAAgACIAZQB4AHAAIgA6ACAAMQA4ADAAMAAwADAAMAA2ADAAMAB9AA.QS6fGR2GGjhTTj9bEM"
     "VqlIpnHK1qYjm68MgvhY5eyXHzU9JzlCHjTQ99P7Tt2O9CUhj9BEUviNuL2HEKHITt6A",
     "auth.token_malformed"},
    {"a NUL in a claim",
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVzIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAidGhlbSIsICJhdWQiOiAidXMiLCAic3ViIjogImFtaW5hIiwgInRpZCI6ICIxMTExMTExM"
     "S0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCAicm9sZSI6ICJzdGFmZlx1MDAwMCIsICJleHAiOiAxODAwMDAwNjAwfQ.MJOCwOfVr28rswh_WsY1IBFJZ688Yc04nJE_FfFSE8"
     "kFgGwJe2kxlioUGbpZP6hp1ecoMRdun5FGKFlcyx2fDw",
     "auth.token_malformed"},
};
#endif
