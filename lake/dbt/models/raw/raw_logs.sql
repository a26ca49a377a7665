{{ leat_new_rows('logs') }}
