"""A password and its hash at the lowest cost that argon2 has: for tests that count tries, not milliseconds."""

PASSWORD = "a-long-enough-passphrase"
CHEAP_HASH = "$argon2id$v=19$m=8,t=1,p=1$cM45J8R4rzUGwHgPYQxBaA$pCAXP/Y2XNHb6WO0r/2mEvSs9m/W6cyGOaChXANZRJA"
