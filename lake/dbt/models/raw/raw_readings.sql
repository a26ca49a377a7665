{{ leat_new_rows('readings') }}
