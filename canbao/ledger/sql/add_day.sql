-- Seal a day. Writes ledger_day; its primary key refuses a second seal.
INSERT INTO ledger_day (region_code, chained_on, first_place, last_place, transfer_count, amount_fen, last_hash,
                        day_hash, recorded_at)
VALUES (%(region_code)s, %(chained_on)s, %(first_place)s, %(last_place)s, %(transfer_count)s, %(amount_fen)s,
        %(last_hash)s, %(day_hash)s, %(now)s)
