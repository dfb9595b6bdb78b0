"""`penchant tune`: a search of settings that prunes, resumes and tries equally much for each model (extra `tune`: optuna)."""
