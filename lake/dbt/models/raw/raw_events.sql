{{ leat_new_rows('events') }}
